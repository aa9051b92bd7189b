import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/**
 * How many sessions one inside address may have at a time (RFC 6888 REQ-5). Beyond it new ones are dropped in silence, as with a full
 * table. The kernel's own limit, nf_conntrack_max, is one for all network namespaces and read-only in all but the first.
 */
export function sessionLimitRules({ sessionLimit }: NatModel, { outside }: GatewayPlace): Fragment {
  if (sessionLimit === undefined) return {};
  const leaving = `iifname != "${outside}" oifname "${outside}" meta l4proto tcp ct state new`;
  return {
    // flushed with conntrack's entries, or it would go on counting those that are gone until the kernel has looked each of them up
    objects: ["set sessions {\n  type ipv4_addr\n  size 65535\n  flags dynamic\n}"],
    nft: { forward: [`${leaving} add @sessions { ip saddr ct count over ${sessionLimit} } drop`] },
  };
}
