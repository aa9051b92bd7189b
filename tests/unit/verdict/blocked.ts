import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { sightingsOf, type Segment } from "../../../orchestrator/verdict/sightings.ts";
import type { NodeId } from "../../../wire/control.ts";
import { mustBeBlocked } from "./falsify.ts";
import { recorded, type Recording } from "./recorded/index.ts";

export const [NA_OUTSIDE, NB_OUTSIDE] = ["192.0.2.2", "198.51.100.2"];

/** A recorded trial that came out blocked, and the packets in it. */
export async function blocked(name: Recording) {
  const { cell, evidence } = await recorded(name);
  const { segments, icmp } = sightingsOf(evidence);
  return { cell, evidence, segments, icmp, outcome: mustBeBlocked(judge(cell, evidence)) };
}

/** Segments of a kind at a place, in order of time. */
export function seen(
  segments: readonly Segment[],
  where: `${NodeId}:${string} ${"in" | "out"}`,
  kind: Segment["kind"],
) {
  const [place, direction] = where.split(" ");
  const found = segments.filter((one) => `${one.node}:${one.iface}` === place && one.direction === direction);
  return found.filter((one) => one.kind === kind);
}

/** What an agent logged, as its own word beside the packets. */
export function logged(evidence: Evidence, node: NodeId, what: string): Record<string, unknown>[] {
  return evidence.logs
    .filter((line) => line.node === node && line.what === what)
    .map(({ detail }) => detail as Record<string, unknown>);
}
