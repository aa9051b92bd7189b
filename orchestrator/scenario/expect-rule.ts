import { z } from "zod";
import { CAUSES } from "../verdict/outcome.ts";
import type { Condition } from "./condition.ts";
import { strict } from "./strict.ts";

const share = z.number().min(0).max(1);
const rateRange = strict({ from: share, to: share }).refine(({ from, to }) => from < to, "from must be less than to");

/** A rule's schema: where `when` holds, this is expected. */
export function expectRule<Because extends z.ZodType<string | undefined>>(
  condition: z.ZodType<Condition>,
  because: Because,
) {
  const common = {
    when: condition.optional().describe("All of these must hold; without: any cell."),
    because: because.describe("The reason, for people."),
  };
  return z.discriminatedUnion("verdict", [
    strict({
      verdict: z.literal("direct"),
      rate: z
        .union([share.gt(0), rateRange])
        .optional()
        .describe("Expected share of direct trials, or the range that it lies in."),
      ...common,
    }),
    strict({ verdict: z.literal("relayed"), ...common }),
    strict({ verdict: z.literal("blocked"), cause: z.enum(CAUSES), ...common }),
  ]);
}
