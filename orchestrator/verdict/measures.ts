import { X_PORTS } from "../../wire/rendezvous.ts";
import type { Evidence } from "../evidence/types.ts";
import { SIDES, type ByGateway, type Side } from "../plan/shape.ts";
import { sceneOf, punchesOf, type JudgedCell } from "./scene.ts";

/** Figures of one attempt that are no part of its verdict, and that reports hold against theory. */
export interface Measures {
  /**
   * From the last connection that a side's prediction rests on to the SYN that was predicted, in ms: so long a neighbour could take the
   * port. Absent where a side predicted nothing or sent no SYN.
   */
  readonly predictionAgeMs?: Readonly<Partial<Record<Side, number>>>;
  /** How many connections each NAT began to track. Absent where the kernel had to drop some of the events that tell. */
  readonly entriesMade?: ByGateway<number>;
}

export function measure(cell: JudgedCell, evidence: Evidence): Measures {
  const ages = SIDES.flatMap((side) => {
    const age = predictionAge(cell, evidence, side);
    return age === undefined ? [] : [[side, age] as const];
  });
  const { entriesMade } = evidence;
  return {
    ...(ages.length > 0 && { predictionAgeMs: Object.fromEntries(ages) }),
    ...(entriesMade && { entriesMade }),
  };
}

/** As the host's own interface saw both SYNs. */
function predictionAge(cell: JudgedCell, evidence: Evidence, side: Side): number | undefined {
  const { [side]: own } = evidence.captures;
  if (!own) return undefined;
  const scene = sceneOf(cell, { ...evidence, captures: { [side]: own } });
  const [punch] = punchesOf(scene, scene.sides[side]);
  const probe = scene.segments.findLast(
    ({ kind, direction, dst, atUs }) =>
      kind === "syn" && direction === "out" && PROBE_PORTS.includes(dst.port) && atUs < (punch?.atUs ?? 0),
  );
  return punch && probe && (punch.atUs - probe.atUs) / 1000;
}

const PROBE_PORTS: readonly number[] = X_PORTS.probes;
