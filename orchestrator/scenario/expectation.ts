import type { Cause, Expectation } from "../verdict/outcome.ts";
import { factsOf, fits, type Surroundings } from "./condition.ts";
import type { ExpectRule } from "./schema.ts";

/** The end of a rule, a scenario's or the table's. */
type Claim =
  | { readonly verdict: "direct"; readonly rate?: Extract<Expectation, { verdict: "direct" }>["rate"] | undefined }
  | { readonly verdict: "relayed" }
  | { readonly verdict: "blocked"; readonly cause: Cause };

/** Index of the first rule that fits a cell; -1 where none does. */
export function matchRule(rules: readonly ExpectRule[], cell: Surroundings): number {
  const facts = factsOf(cell);
  return rules.findIndex(({ when }) => !when || fits(when, facts));
}

/** What a rule claims, without its condition. */
export function expectationOf(rule: Claim): Expectation {
  switch (rule.verdict) {
    case "direct":
      return rule.rate === undefined ? { verdict: "direct" } : { verdict: "direct", rate: rule.rate };
    case "relayed":
      return { verdict: "relayed" };
    case "blocked":
      return { verdict: "blocked", cause: rule.cause };
  }
}
