import type { CellResult } from "../../../../orchestrator/report/events.ts";
import { wilsonInterval } from "../../../../orchestrator/report/wilson.ts";
import type { Cell } from "../../../../orchestrator/scenario/cell.ts";

/** A result such as the scenario expects, without the evidence of its trials. */
export function asExpected(cell: Cell): CellResult {
  const { expected, trials: of } = cell;
  const direct = expected.verdict === "direct" ? of : 0;
  return {
    cell,
    state: "done",
    verdict: expected.verdict,
    ...(expected.verdict === "blocked" && { cause: expected.cause }),
    why: "as the scenario says",
    trials: [],
    ...(of > 1 && { rate: { direct, of, ...wilsonInterval(direct, of) } }),
    surprise: false,
    tookMs: 300,
    dir: `cells/${cell.id}`,
  };
}
