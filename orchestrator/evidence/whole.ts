import { KEPT_PER_FLOW, type FlowTotal } from "../../wire/evidence.ts";
import type { PcapngCapture } from "../../wire/pcapng.ts";
import type { EvidenceFile } from "./schema.ts";

/** What was read from the files beside evidence.json; absent: the file is missing, or known to be damaged already. */
export interface Found {
  readonly capture?: PcapngCapture | undefined;
  readonly events?: number | undefined;
  readonly logs?: number | undefined;
}

/** A file of a trial that is not as it was written, though every block and line of it can be read. */
export interface Gap {
  readonly file: "capture.pcapng" | "conntrack.jsonl" | "agents.jsonl";
  readonly what: string;
}

/** Where the files hold other than evidence.json says: one that was cut between two blocks or lines looks whole by itself. */
export function gapsIn(evidence: EvidenceFile, { capture, events, logs }: Found): readonly Gap[] {
  const { holds } = evidence;
  return [
    gap("capture.pcapng", capture && captureGap(evidence, capture)),
    gap("conntrack.jsonl", countGap(events, holds?.events, "events")),
    gap("agents.jsonl", countGap(logs, holds?.logs, "log lines")),
  ].flat();
}

const gap = (file: Gap["file"], what: string | undefined): readonly Gap[] =>
  what === undefined ? [] : [{ file, what }];

function countGap(found: number | undefined, wrote: number | undefined, of: string): string | undefined {
  if (found === undefined || wrote === undefined || found === wrote) return undefined;
  return `holds ${found} ${of}, and ${wrote} were written`;
}

function captureGap({ flows, holds }: EvidenceFile, capture: PcapngCapture): string | undefined {
  const nodes = Object.entries(flows).map(([node, totals]) => ({ node, ...totals, ...seenAt(node, capture) }));
  const bare = nodes.find(({ interfaces }) => interfaces === 0);
  if (bare) return `holds no interface of ${bare.node}`;
  if (holds) return countGap(capture.packets.length, holds.packets, "packets");
  // evidence from before there were counts: the flows tell what is there at least, where nothing was lost
  const sound = nodes.filter(({ lost }) => lost === 0);
  const short = sound.find(({ flows: own, packets }) => packets < leastKept(own));
  if (short)
    return `holds ${short.packets} packets of ${short.node}, whose flows have ${leastKept(short.flows)} or more`;
  const early = sound.find(({ flows: own, lastAtUs }) =>
    own.some((flow) => flow.packets <= KEPT_PER_FLOW && flow.lastAtUs > lastAtUs),
  );
  return early && `ends before a flow of ${early.node} does`;
}

function seenAt(node: string, { interfaces, packets }: PcapngCapture) {
  const own = interfaces.map(({ name }) => name.startsWith(`${node}:`));
  const times = packets.filter(({ iface }) => own[iface]).map(({ atUs }) => atUs);
  return { interfaces: own.filter(Boolean).length, packets: times.length, lastAtUs: times.at(-1) ?? 0 };
}

const leastKept = (flows: readonly FlowTotal[]): number =>
  flows.reduce((sum, { packets }) => sum + Math.min(packets, KEPT_PER_FLOW), 0);
