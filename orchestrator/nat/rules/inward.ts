import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/**
 * A NAT is no route inwards: only what belongs to a mapping may pass, even where the core knows the LAN's prefix (I-1). Nor is it one
 * between its inside links: a carrier's subscribers reach each other by its hairpin or not at all, unless they are one private network.
 */
export function blockedInward(model: NatModel, { outside, network }: GatewayPlace): Fragment {
  const within = network === undefined ? [] : [`! -i ${outside} ! -o ${outside} -s ${network} -d ${network} -j ACCEPT`];
  return { iptables: { "filter FORWARD": [...inward(model, outside), ...within, between(model, outside)] } };
}

function inward({ filtering, sourceRoute }: NatModel, outside: string): string[] {
  if (sourceRoute === "stateless") return [];
  // what the filter has handed to a mapping's owner
  const handed = filtering === "address-and-port-dependent" ? "" : ",DNAT";
  return [`-i ${outside} ! -o ${outside} -m conntrack ! --ctstate RELATED,ESTABLISHED${handed} -j DROP`];
}

function between({ hairpin }: NatModel, outside: string): string {
  const turned = hairpin ? " -m conntrack ! --ctstate DNAT" : "";
  return `! -i ${outside} ! -o ${outside}${turned} -j DROP`;
}
