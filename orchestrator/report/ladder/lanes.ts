import type { NodeId } from "../../../wire/control.ts";
import type { Step } from "./step.ts";

/** From one host to the other; X hangs on R. */
const ORDER: readonly NodeId[] = ["a2", "a", "na", "ca", "c", "r", "x", "cb", "nb", "b", "b2"];

/** The nodes that have something to show, in the order of their lanes. */
export function lanesOf(steps: readonly Step[]): readonly NodeId[] {
  const shown = new Set(
    steps.flatMap((step) => (step.kind === "word" ? [step.node] : step.way.map(({ node }) => node))),
  );
  return ORDER.filter((node) => shown.has(node));
}
