import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { ADMITTED, OWNER } from "./recorder.ts";

/** A first SYN: nothing else begins a connection inwards. */
export const SYN = "tcp flags & (fin | syn | rst | ack) == syn";

/**
 * Who may come in on a mapping besides the peers that conntrack knows, which are the endpoints that were sent to (RFC 4787 section 5):
 * SYNs are handed to the owner of the outside port.
 */
export function filteringRules(
  { filtering, sourceRoute }: NatModel,
  { outside, outsideAddress }: GatewayPlace,
): Fragment {
  if (sourceRoute === "stateless") return {};
  const inward = `iifname "${outside}" ip daddr ${outsideAddress} ${SYN}`;
  const hand = `dnat ip to tcp dport map @${OWNER}`;
  switch (filtering) {
    case "endpoint-independent":
      return { nft: { destination: [`${inward} ${hand}`] } };
    case "address-dependent":
      return { nft: { destination: [`${inward} tcp dport . ip saddr @${ADMITTED} ${hand}`] } };
    case "address-and-port-dependent":
      return {};
    default:
      return unreachable(filtering);
  }
}
