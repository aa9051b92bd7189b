import type { Arrow } from "./step.ts";

/** Where a way turns back, as from R to X's lane and on, the turning point is left out unless the packet changed or ended there. */
export function straight(way: Arrow["way"]): Arrow["way"] {
  return way.filter(
    ({ node, mark }) => !(node === "r" && mark === "passed" && way.some((other) => other.node === "x")),
  );
}
