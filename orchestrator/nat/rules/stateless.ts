import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/**
 * A NAT that keeps no connections: it remembers which inside host used a port last, rewrites addresses and forgets nothing. Outward
 * the source is rewritten behind the routing decision, which would refuse a packet that already has the NAT's own address.
 */
export function statelessRules(_: NatModel, place: GatewayPlace): Fragment {
  const { outside, lan, outsideAddress } = place;
  return {
    // Like blockedInward, but here it is not conntrack that knows what belongs to a mapping.
    iptables: { "filter FORWARD": [`-i ${outside} ! -o ${outside} -m conntrack ! --ctstate UNTRACKED -j DROP`] },
    objects: ["map owner {\n  type inet_service : ipv4_addr\n  size 65535\n  flags dynamic\n}"],
    nft: {
      ingress: [
        `iifname != "${outside}" ip saddr ${lan} meta l4proto tcp update @owner { tcp sport : ip saddr } notrack`,
        `iifname "${outside}" ip daddr ${outsideAddress} tcp dport @owner notrack ip daddr set tcp dport map @owner`,
      ],
      egress: [
        `oifname "${outside}" ip saddr ${lan} meta l4proto tcp ct state untracked ip saddr set ${outsideAddress}`,
      ],
    },
  };
}
