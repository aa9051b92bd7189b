import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/**
 * A SYN from the very peer that a SYN of ours waits for: conntrack knows it (SYN_SENT2) and lets it in; a NAT that refuses drops
 * it in silence. The mapping stays, for the peer's SYN+ACK. Dropped before any other rule takes it for an answer.
 */
export function crossingRules({ crossingSyn }: NatModel, { outside }: GatewayPlace): Fragment {
  if (crossingSyn === "accept") return {};
  return { nft: { forward: [`iifname "${outside}" ct direction reply tcp flags & (syn | ack) == syn drop`] } };
}
