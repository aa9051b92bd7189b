import { TCP_FLAG } from "../../../wire/tcp.ts";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import type { Endpoint } from "../../../wire/address.ts";
import type { Evidence } from "../../evidence/types.ts";
import { ADDRESS } from "../../plan/addresses.ts";
import type { RecordedTrial } from "../../timeline/load.ts";
import type { Outcome } from "../../verdict/outcome.ts";
import { ladderOf, type Ladder } from "../ladder/ladder.ts";
import { lanesOf } from "../ladder/lanes.ts";
import { endpointText, withNames } from "../ladder/names.ts";
import { visible } from "../ladder/visible.ts";
import type { FileContent, KeptContent, ProofContent, TrialContent } from "./content.ts";
import type { Detail } from "./detail.ts";
import { ladderContent, msSince } from "./ladder-content.ts";
import { lines } from "./overview.ts";

/** A text of the trial's directory that is shown as it is. */
export interface TextFile {
  readonly title: string;
  readonly path: string;
  readonly text: string;
}

/** A trial as it was read from its directory. */
export interface ReadTrial {
  readonly n: number;
  readonly outcome: Outcome | undefined;
  readonly recorded: RecordedTrial | undefined;
  /** Absent: it is not whole. */
  readonly evidence: Evidence | undefined;
  readonly files: readonly TextFile[];
  readonly faults: readonly string[];
  readonly capture: { readonly path: string; readonly bytes: number } | undefined;
}

/** A trial with its ladder drawn, from which as much is taken as there is room for. */
export interface DrawnTrial extends ReadTrial {
  readonly ladder: Ladder | undefined;
}

export function drawTrial(trial: ReadTrial): DrawnTrial {
  const { recorded, evidence, outcome } = trial;
  const ladder =
    recorded && ladderOf({ record: recorded.record, cell: recorded.cell, evidence, outcome, every: false });
  return { ...trial, ladder };
}

export function trialContent(trial: DrawnTrial, detail: Detail): TrialContent {
  const { n, ladder, recorded, faults, capture } = trial;
  const decisive = ladder?.steps.findIndex((step) => step.decisive) ?? -1;
  return {
    n,
    words: wordsOf(trial),
    ...(decisive >= 0 && decisive < detail.steps ? { decisive } : {}),
    proof: proofOf(trial, detail),
    faults: faults.map(visible),
    ...(ladder ? { ladder: ladderContent(ladder, detail) } : {}),
    kept: ladder ? keptOf(ladder).slice(0, detail.logs) : [],
    logs: (ladder && recorded ? recorded.record.logs : [])
      .slice(0, detail.logs)
      .map(({ atUs, node, what, detail: said }) => ({
        ms: msSince(ladder!.startUs, atUs),
        node: node.toUpperCase(),
        what: visible(what),
        detail: visible(said === undefined ? "" : JSON.stringify(said)).slice(0, LONGEST_LOG),
      })),
    files: trial.files.map((file) => fileContent(file, detail.characters)),
    ...(capture ? { capture: { path: visible(capture.path), bytes: capture.bytes } } : {}),
  };
}

const LONGEST_LOG = 2_000;

function fileContent({ title, path, text }: TextFile, characters: number): FileContent {
  const shown = text.slice(0, characters);
  return { title, path: visible(path), text: lines(shown), beyond: text.length - shown.length };
}

function wordsOf({ ladder, outcome }: ReadTrial & { readonly ladder: Ladder | undefined }): readonly string[] {
  if (ladder && ladder.words.length > 0) return ladder.words;
  if (!outcome) return ["not judged", "The evidence is not whole."];
  const missing = "missing" in outcome ? outcome.missing.map((one) => `missing: ${one}`) : [];
  return [outcome.verdict, outcome.why, ...missing].map(visible);
}

/** The proof that a connection is direct; each point with the first step that has its endpoints, where it names any. */
function proofOf({ ladder, outcome }: DrawnTrial, { steps }: Detail): readonly ProofContent[] {
  const judged = ladder?.explanation?.outcome ?? outcome;
  if (judged?.verdict !== "direct") return [];
  return judged.proof.points.map(({ claim, evidence }) => {
    const step = ladder ? stepWith(ladder, evidence) : -1;
    const text = ladder ? withNames(ladder.names, evidence) : evidence;
    return { claim: visible(claim), evidence: visible(text), ...(step >= 0 && step < steps ? { step } : {}) };
  });
}

/** The first step with a packet of the connection that a sentence names by its endpoints; with payload, where it speaks of a nonce. */
function stepWith({ rungs }: Ladder, sentence: string): number {
  const [one, other] = sentence.match(/\d+\.\d+\.\d+\.\d+:\d+/g) ?? [];
  if (one === undefined || other === undefined) return -1;
  const needsPayload = sentence.includes("nonce");
  return rungs.findIndex((rung) =>
    (rung.kind === "fold" ? rung.rows : [rung]).some(
      (row) =>
        row.kind === "packet" &&
        row.sightings.some(
          ({ packet }) =>
            packet.kind === "tcp" &&
            (needsPayload ? packet.payloadBytes > 0 : (packet.flags & TCP_FLAG.rst) === 0) &&
            [textOf(packet.from), textOf(packet.to)].every((end) => end === one || end === other),
        ),
    ),
  );
}

const textOf = ({ ip, port }: Endpoint): string => `${ip}:${port}`;

/** The connections that the NATs kept, those of A and B first. */
function keptOf({ kept, names, startUs, steps }: Ladder): readonly KeptContent[] {
  const lanes = lanesOf(steps);
  return [...kept]
    .flatMap(([node, all]) =>
      all.map(({ original, reply, fromUs, toUs, states }): KeptContent => ({
        node: node.toUpperCase(),
        lane: lanes.indexOf(node),
        ...(Number.isFinite(fromUs) ? { fromMs: msSince(startUs, fromUs) } : {}),
        ...(Number.isFinite(toUs) ? { toMs: msSince(startUs, toUs) } : {}),
        inside: `${endpointText(names, original.src)} → ${endpointText(names, original.dst)}`,
        outside: `${endpointText(names, reply.src)} → ${endpointText(names, reply.dst)}`,
        states: [...new Set(states.map(({ state }) => visible(state)))].join(", "),
        signalling: [original.src, original.dst].some(({ ip, port }) => ip === ADDRESS.x && SIGNALLING.includes(port)),
      })),
    )
    .toSorted((one, other) => Number(one.signalling) - Number(other.signalling));
}

const SIGNALLING: readonly number[] = [X_PORTS.rendezvous, ...X_PORTS.probes, X_PORTS.prober];
