import type { NodeId } from "../../../wire/control.ts";
import { TCP_FLAG } from "../../../wire/tcp.ts";
import { foldRows, isSignalling, type Fold } from "../../timeline/fold.ts";
import { isWhole } from "../../timeline/journey.ts";
import { rewritesOf } from "../../timeline/rewrite.ts";
import type { PacketRow, Row, Timeline } from "../../timeline/timeline.ts";
import { endpointText, withNames, type Names } from "./names.ts";
import type { Arrow, Mark, Step } from "./step.ts";
import { agentText, changeText, mappingText, packetText } from "./wording.ts";

/** Where the verdict's cause struck. */
export interface Decisive {
  readonly at: NodeId;
  readonly atUs: number;
}

/** What the lines of a ladder stand for: like packets in one line, conntrack's changes of state and what agents were told left out. */
export function rungsOf({ rows }: Timeline): readonly (Row | Fold)[] {
  return foldRows(rows.filter(isTelling));
}

/** What one agent told, another was told; what a mapping is for matters more than in which state it is. */
function isTelling(row: Row): boolean {
  switch (row.kind) {
    case "agent":
      return row.log.what !== "told";
    case "mapping":
      return row.record.event !== "update";
    case "packet":
    case "change":
      return true;
  }
}

export function stepOf(row: Row | Fold, names: Names, decisive: Decisive | undefined): Step {
  switch (row.kind) {
    case "fold":
      return stepOfFold(row, names, decisive);
    case "packet":
      return arrowOf(row, names, decisive);
    case "mapping":
      return { kind: "word", atUs: row.atUs, node: row.node, text: mappingText(row, names), decisive: false };
    case "agent":
      return { kind: "word", atUs: row.atUs, node: row.node, text: agentText(row, names), decisive: false };
    case "change":
      return { kind: "word", atUs: row.atUs, node: row.node, text: changeText(row), decisive: false };
  }
}

export function arrowOf(row: PacketRow, names: Names, decisive: Decisive | undefined): Arrow {
  const { fate, atUs } = row;
  const struck = row.sightings.some(
    // a cause that is a NAT's may show in a packet of its host's
    (one, index) => one.atUs === decisive?.atUs && (one.node === decisive.at || index === 0),
  );
  return {
    kind: "arrow",
    atUs,
    way: wayOf(row),
    both: false,
    text: packetText(row, names),
    decisive: struck,
    ...(fate.kind === "arrived" ? {} : { end: { kind: fate.kind, why: withNames(names, fate.why) } }),
  };
}

/** Each node that a packet came by, once. */
function wayOf(row: PacketRow): Arrow["way"] {
  const rewriting = new Set(rewritesOf(row).flatMap(({ at, field }) => (field === "ttl" ? [] : [at])));
  const nodes = row.sightings.map(({ node }) => node).filter((node, index, all) => node !== all[index - 1]);
  return nodes.map((node, index) => {
    const mark: Mark =
      index > 0 && index === nodes.length - 1
        ? endMark(row)
        : index === 0
          ? isWhole(row)
            ? "from"
            : "unseen"
          : rewriting.has(node)
            ? "rewritten"
            : "passed";
    return { node, mark };
  });
}

function endMark({ fate }: PacketRow): Mark {
  return fate.kind === "arrived" ? "arrived" : fate.kind === "died" ? "died" : "lost";
}

function stepOfFold({ rows }: Fold, names: Names, decisive: Decisive | undefined): Step {
  const [first] = rows;
  const sample = stepOf(first, names, decisive);
  const lastMs = (rows.at(-1)!.atUs - first.atUs) / 1000;
  const over = `over ${lastMs.toFixed(lastMs < 10 ? 1 : 0)} ms`;
  if (first.kind !== "packet" || sample.kind !== "arrow")
    return { ...sample, text: `${rows.length} × ${sample.text} … ${over}` };
  const packets = rows as readonly PacketRow[];
  const steps = packets.map((row) => arrowOf(row, names, decisive));
  const start = sample.way[0]!.node;
  const lost = packets.filter(({ fate }) => fate.kind === "unknown").length;
  const { end, ...arrow } = steps.find(({ way }) => way.at(-1)!.mark === "arrived") ?? sample;
  return {
    ...arrow,
    ...(end?.kind === "died" ? { end } : {}),
    atUs: first.atUs,
    both: steps.some(({ way }) => way[0]!.node !== start),
    text: [
      `${rows.length} × ${likeText(packets, names)}`,
      ...(lost > 0 ? [`${lost} of them not followed to the end`] : []),
      over,
    ].join(", "),
    decisive: steps.some((step) => step.decisive),
  };
}

function likeText(rows: readonly PacketRow[], names: Names): string {
  const first = rows[0]!;
  const { packet } = first.sightings[0];
  if (isSignalling(first) && first.fate.kind !== "died") return `signalling ${xEndsOf(rows, names)}`;
  if (packet.kind !== "tcp" || packet.flags & (TCP_FLAG.syn | TCP_FLAG.rst | TCP_FLAG.fin))
    return `${packetText(first, names)} …`;
  const bytes = rows.reduce(
    (sum, { sightings: [one] }) => sum + (one.packet.kind === "tcp" ? one.packet.payloadBytes : 0),
    0,
  );
  return `segments ${endpointText(names, packet.from)} ↔ ${endpointText(names, packet.to)}, ${bytes} B`;
}

/** `A ↔ X:7000, X:7001` */
function xEndsOf(rows: readonly PacketRow[], names: Names): string {
  const ends = rows.flatMap(({ sightings: [{ packet }] }) => (packet.kind === "tcp" ? [packet.from, packet.to] : []));
  const texts = new Set(ends.map((end) => endpointText(names, end)));
  const [ofX, others] = [
    [...texts].filter((text) => text.startsWith("X:")),
    [...texts].filter((text) => !text.startsWith("X:")),
  ];
  return `${others.slice(0, 1).join()}${others.length > 1 ? " …" : ""} ↔ ${ofX.join(", ")}`;
}
