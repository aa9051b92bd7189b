import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderDynamic } from "./dynamic.ts";

const SYN_ACK = "tcp flags & (syn | ack) == (syn | ack)";
const ENDPOINTS = "ipv4_addr . inet_service . ipv4_addr . inet_service";

/**
 * A SYN+ACK that an inside host sends after its own SYN. Conntrack calls it invalid ("client can't send SYN and then SYN/ACK",
 * nf_conntrack_proto_tcp.c), and an invalid packet passes no NAT rule: stock Linux forwards it with its private source address.
 */
export function outOfStateRules({ outOfState, timeouts }: NatModel, place: GatewayPlace): Fragment {
  switch (outOfState) {
    case "leak":
      return {};
    case "drop":
      return { iptables: { "filter FORWARD": [`-o ${place.outside} -m conntrack --ctstate INVALID -j DROP`] } };
    case "translate":
      return translated(place, timeouts.synSentS);
    default:
      return unreachable(outOfState);
  }
}

/** Through the mapping that the host's own SYN made, whatever port that got; what has none may not leak. */
function translated({ outside, outsideAddress }: GatewayPlace, synSentS: number | "never"): Fragment {
  const leaving = `oifname "${outside}" meta l4proto tcp`;
  const invalid = `${leaving} ct state invalid`;
  return {
    objects: [renderDynamic({ kind: "map", name: "opened", type: `${ENDPOINTS} : inet_service`, timeoutS: synSentS })],
    nft: {
      egress: [
        `${leaving} ct state new ct direction original update @opened { ct original ip saddr . ct original proto-src . ip daddr . tcp dport : tcp sport }`,
        `${invalid} ${SYN_ACK} tcp sport set ip saddr . tcp sport . ip daddr . tcp dport map @opened ip saddr set ${outsideAddress} accept`,
        `${invalid} drop`,
      ],
    },
  };
}
