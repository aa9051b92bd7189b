import { isResult } from "../verdict/outcome.ts";
import type { CellResult, ExitCode, RunCounts, RunReport } from "./events.ts";

/** Counts the results of a run of `total` cells; what has no result counts as not run. */
export function countCells(total: number, results: readonly CellResult[]): RunCounts {
  const verdicts = (verdict: CellResult["verdict"]) => results.filter((result) => result.verdict === verdict).length;
  return {
    total,
    asExpected: results.filter(isAsExpected).length,
    surprises: results.filter((result) => result.surprise).length,
    errors: verdicts("error"),
    direct: verdicts("direct"),
    relayed: verdicts("relayed"),
    blocked: verdicts("blocked"),
    invalid: verdicts("invalid"),
    unknown: verdicts("unknown"),
    unsupported: verdicts("unsupported"),
    notRun: total - results.length,
  };
}

/** A verdict that counts as a result and agrees with the scenario. */
function isAsExpected(result: CellResult): boolean {
  return !result.surprise && result.state === "done" && isResult(result);
}

/** There is reason to run the cell again: a surprise, or no result although the kernel can do it. */
export function hasFailed(result: CellResult): boolean {
  return !isAsExpected(result) && result.verdict !== "unsupported";
}

/**
 * The process's exit code for a run. How the run ended comes first, because the rest of an interrupted run was never looked at;
 * then surprises (1) before cells without a result (3), so that trouble with one world cannot hide a finding.
 */
export function exitCodeOf({ ended, counts }: Pick<RunReport, "ended" | "counts">): ExitCode {
  if (ended === "engine-lost") return 3;
  if (ended === "interrupted") return 130;
  if (counts.surprises > 0) return 1;
  return counts.errors + counts.invalid + counts.unknown > 0 ? 3 : 0;
}
