import type { TimerPoint } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding, type TimeoutInterval } from "../measured.ts";

/** Between which idle times a mapping ends: alive after one, gone after the next. */
export function classifyTimer(points: readonly TimerPoint[]): Finding<TimeoutInterval> {
  if (points.length === 0) return undetermined("no idle time was tried");
  const ordered = points.toSorted((p, q) => p.idleMs - q.idleMs);
  const alive = ordered.findLast((point) => point.alive);
  const dead = ordered.find((point) => !point.alive);
  if (alive && dead && dead.idleMs < alive.idleMs)
    return undetermined(`gone after ${seconds(dead)} s and yet there after ${seconds(alive)} s`);
  const atLeastS = alive ? seconds(alive) : 0;
  const evidence = [
    ...(alive ? [`alive after ${atLeastS} s`] : []),
    dead ? `gone after ${seconds(dead)} s` : "longer was not tried",
  ].join(", ");
  return determined({ atLeastS, ...(dead ? { lessThanS: seconds(dead) } : {}) }, evidence);
}

function seconds({ idleMs }: TimerPoint): number {
  return idleMs / 1000;
}
