import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** Whether packets with a source route are forwarded at all: every interface of a router allows it, this one decides. */
const FORWARDED = "net.ipv4.conf.all.accept_source_route";
/** Destination of an IPv4 packet, and the first hop of a source route that is its first option (`83 07 04`). */
const DESTINATION = "@nh,128,32";
const FIRST_HOP = "@nh,184,32";
/** What SNAT leaves alone, and what tells two packets with the same destination apart. */
const SEGMENT = "tcp dport . tcp sequence";

/**
 * Loose source routing (RFC 791 section 3.1). On the wire the next router is the destination and the final destination stands in
 * the option: a stock NAT keys its mapping to the router, and to conntrack the TCP checksum, which covers the final
 * destination, is wrong. An aware NAT shows conntrack the final destination and puts the router back behind it. These raw
 * writes touch no checksum, which is right: before the packet leaves, all of them are undone. In between the IP header's is wrong,
 * and conntrack, which adds it up with TCP's (nf_ip_checksum()), may not look.
 */
export function sourceRouteRules({ sourceRoute }: NatModel, { outside }: GatewayPlace): Fragment {
  const sysctls = {
    [FORWARDED]: sourceRoute === "refuse" ? "0" : "1",
    "net.netfilter.nf_conntrack_checksum": sourceRoute === "aware" ? "0" : "1",
  };
  if (sourceRoute !== "aware") return { sysctls };
  return {
    sysctls,
    objects: [
      `map via {\n  typeof ${SEGMENT} : ${DESTINATION}\n  size 65535\n  flags dynamic,timeout\n  timeout 10s\n}`,
    ],
    nft: {
      ingress: [
        `iifname != "${outside}" ip option lsrr ptr 4 meta l4proto tcp update @via { ${SEGMENT} : ${DESTINATION} } ${DESTINATION} set ${FIRST_HOP}`,
      ],
      last: [`oifname "${outside}" ip option lsrr ptr 4 ${DESTINATION} set ${SEGMENT} map @via`],
    },
  };
}
