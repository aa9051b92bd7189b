import type { Expectation } from "../verdict/outcome.ts";
import { fits, type Surroundings } from "./condition.ts";
import type { ExpectRule } from "./schema.ts";

/** Index of the first rule that fits a cell; -1 where none does. */
export function matchRule(rules: readonly ExpectRule[], cell: Surroundings): number {
  return rules.findIndex(({ when }) => !when || fits(when, cell));
}

/** What a rule claims, without its condition. */
export function expectationOf(rule: ExpectRule): Expectation {
  switch (rule.verdict) {
    case "direct":
      return rule.rate === undefined ? { verdict: "direct" } : { verdict: "direct", rate: rule.rate };
    case "relayed":
      return { verdict: "relayed" };
    case "blocked":
      return { verdict: "blocked", cause: rule.cause };
  }
}
