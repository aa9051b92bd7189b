import type { Evidence } from "../../evidence/types.ts";
import { findBlockage } from "../../verdict/blocked.ts";
import { judge } from "../../verdict/judge.ts";
import type { Outcome } from "../../verdict/outcome.ts";
import { sceneOf, type JudgedCell } from "../../verdict/scene.ts";
import { withNames, type Names } from "./names.ts";
import type { Decisive } from "./steps.ts";
import { visible } from "./visible.ts";

/** Why a trial came out as it did. */
export interface Explanation {
  readonly outcome: Outcome;
  /** Where and when the cause of a blocked trial struck. */
  readonly decisive?: Decisive;
}

/** From evidence alone: the same cause as the verdict's, and the packet that shows it. A verdict that is known is not sought again. */
export function explain(cell: JudgedCell, evidence: Evidence, known?: Outcome): Explanation {
  const outcome = known ?? judge(cell, evidence);
  const blockage = outcome.verdict === "blocked" ? findBlockage(sceneOf(cell, evidence)) : undefined;
  return { outcome, ...(blockage ? { decisive: { at: blockage.at, atUs: blockage.atUs } } : {}) };
}

/** The verdict in a line, the sentence that gives the reason, and what is missing where there is no verdict. */
export function explanationText({ outcome }: Explanation, names: Names): readonly string[] {
  const head =
    outcome.verdict === "blocked" ? `blocked: ${outcome.cause} at ${outcome.at.toUpperCase()}` : outcome.verdict;
  const missing = outcome.verdict === "unknown" ? outcome.missing.map((one) => `missing: ${one}`) : [];
  return [head, outcome.why, ...missing].map((line) => visible(withNames(names, line)));
}
