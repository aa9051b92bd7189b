import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel, Timeouts } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderDynamic } from "./dynamic.ts";

const RESET = "tcp flags & rst == rst";
/** Who sent to which outside port: what an incoming segment and the mapping it belongs to have in common. */
const KEY = "ipv4_addr . inet_service . inet_service";
const INCOMING = "ip saddr . tcp sport . tcp dport";
const OUTGOING = "ip daddr . tcp dport . tcp sport";

/**
 * A RST from outside on a mapping whose SYN has no answer yet. Conntrack deletes such an entry as soon as it sees the RST
 * (nf_conntrack_tcp_packet(), nf_ct_kill_acct()), so a NAT that keeps it may not show conntrack the RST.
 */
export function resetRules({ reset, timeouts }: NatModel, place: GatewayPlace): Fragment {
  switch (reset) {
    case "deliver-and-remove":
      return {};
    case "hide-and-remove":
      return { nft: { forward: [`iifname "${place.outside}" ${RESET} ct status dying drop`] } };
    case "deliver-and-keep":
      return delivered(place, timeouts);
    case "ignore":
      return unseen(place, timeouts);
    default:
      return unreachable(reset);
  }
}

function unseen(place: GatewayPlace, timeouts: Timeouts): Fragment {
  const { objects, nft } = waiting(place, timeouts);
  return { objects, nft: { ...nft, ingress: [`iifname "${place.outside}" ${RESET} ${INCOMING} @waiting drop`] } };
}

/** Translated by hand, past conntrack. The host first: its lookup needs the outside port, which the other replaces. */
function delivered(place: GatewayPlace, timeouts: Timeouts): Fragment {
  const { objects, nft } = waiting(place, timeouts);
  const mapped = (to: string): string => `${INCOMING} map @waiting_${to}`;
  const record = (to: string, value: string): string =>
    `${opening(place)} update @waiting_${to} { ${OUTGOING} : ct original ${value} }`;
  return {
    objects: [
      ...objects,
      renderDynamic({ kind: "map", name: "waiting_host", type: `${KEY} : ipv4_addr`, timeoutS: timeouts.synSentS }),
      renderDynamic({ kind: "map", name: "waiting_port", type: `${KEY} : inet_service`, timeoutS: timeouts.synSentS }),
    ],
    nft: {
      ...nft,
      ingress: [
        `iifname "${place.outside}" ${RESET} ${INCOMING} @waiting notrack ip daddr set ${mapped("host")} tcp dport set ${mapped("port")}`,
      ],
      egress: [...nft.egress, record("host", "ip saddr"), record("port", "proto-src")],
    },
    // Conntrack knows nothing of it, and what conntrack does not know may not come in.
    iptables: {
      "filter FORWARD": [`-i ${place.outside} ! -o ${place.outside} -p tcp -m conntrack --ctstate UNTRACKED -j ACCEPT`],
    },
  };
}

/** A set of the mappings that wait for the first answer to their SYN. */
function waiting(place: GatewayPlace, timeouts: Timeouts) {
  const answered = "ct status seen-reply tcp flags & rst != rst";
  return {
    objects: [renderDynamic({ kind: "set", name: "waiting", type: KEY, timeoutS: timeouts.synSentS })],
    nft: {
      forward: [`iifname "${place.outside}" ${answered} delete @waiting { ip saddr . tcp sport . ct reply proto-dst }`],
      egress: [`${opening(place)} update @waiting { ${OUTGOING} }`],
    },
  };
}

function opening({ outside }: GatewayPlace): string {
  return `oifname "${outside}" meta l4proto tcp ct state new ct direction original`;
}
