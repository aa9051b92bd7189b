import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderDynamic } from "./dynamic.ts";
import { SYN } from "./filtering.ts";
import { OWNER } from "./recorder.ts";

/**
 * SYNs from inside to a mapping at the NAT's own outside address turn back to the mapping's owner, with the sender's outside endpoint
 * as their source (RFC 5382 REQ-8; `mappingRules` gives it). The filter holds for them as well: it is asked once the owner is known,
 * and remembers whom it refused, so that two inside hosts can punch through it.
 */
export function hairpinRules(model: NatModel, { outside, outsideAddress }: GatewayPlace): Fragment {
  if (!model.hairpin) return {};
  const hand = `iifname != "${outside}" ip daddr ${outsideAddress} ${SYN} dnat ip to tcp dport map @${OWNER}`;
  return {
    nft: { destination: [hand], ...admission(model, `${turning(outside)} ct original ip daddr ${outsideAddress}`) },
    ...memory(model),
  };
}

/** Packets of a new connection that came from inside and go back inside. */
function turning(outside: string): string {
  return `iifname != "${outside}" oifname != "${outside}" meta l4proto tcp ct status dnat ct state new`;
}

/** Who has sent to whom: the endpoint inside alone, or both. */
const SENT = {
  "address-dependent": { type: "ipv4_addr . inet_service", from: "ip saddr . tcp sport", to: "ip daddr . tcp dport" },
  "address-and-port-dependent": {
    type: "ipv4_addr . inet_service . ipv4_addr . inet_service",
    from: "ip saddr . tcp sport . ip daddr . tcp dport",
    to: "ip daddr . tcp dport . ip saddr . tcp sport",
  },
} as const;

function admission({ filtering }: NatModel, hairpinned: string): { forward?: string[] } {
  switch (filtering) {
    case "endpoint-independent":
      return {};
    case "address-dependent":
    case "address-and-port-dependent": {
      const { from, to } = SENT[filtering];
      return { forward: [`${hairpinned} update @turned { ${from} }`, `${hairpinned} ${to} != @turned drop`] };
    }
    default:
      return unreachable(filtering);
  }
}

function memory({ filtering, timeouts }: NatModel): Pick<Fragment, "objects"> {
  if (filtering === "endpoint-independent") return {};
  const { type } = SENT[filtering];
  return {
    objects: [renderDynamic({ kind: "set", name: "turned", type, timeoutS: timeouts.synSentS })],
  };
}
