import { z } from "zod";
import type { AgentLog } from "../evidence/types.ts";
import { CARRIER_IDS } from "../plan/shape.ts";

/** What a gateway or R was made to be otherwise in the middle of a trial. */
export type Change = z.infer<typeof change>;

const rules = z.object({
  kind: z.literal("rules"),
  /** Tables that were replaced. */
  iptables: z.array(z.string()),
  nft: z.array(z.string()),
  settings: z.array(z.object({ name: z.string(), was: z.string(), now: z.string() })),
});
/** X's link at R; `dropped`: how many packets the cut has cost that ends. */
const link = z.discriminatedUnion("state", [
  z.object({ kind: z.literal("x-link"), state: z.literal("cut") }),
  z.object({ kind: z.literal("x-link"), state: z.literal("up"), dropped: z.number() }),
]);
const change = z.union([rules, link]);

const CHANGING: readonly string[] = ["r", "na", "nb", ...CARRIER_IDS];

/** The change that a log line tells of; anything else that an agent says is its own word. */
export function changeOf({ node, what, detail }: AgentLog): Change | undefined {
  if (!CHANGING.includes(node) || typeof detail !== "object") return undefined;
  return change.safeParse({ ...detail, kind: what }).data;
}
