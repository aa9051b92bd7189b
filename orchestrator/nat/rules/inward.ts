import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** A NAT is no route inwards: only what belongs to a mapping may pass, even where the core knows the LAN's prefix (I-1). */
export function blockedInward({ filtering, sourceRoute }: NatModel, { outside }: GatewayPlace): Fragment {
  if (sourceRoute === "stateless") return {};
  // what the filter has handed to a mapping's owner
  const handed = filtering === "address-and-port-dependent" ? "" : ",DNAT";
  return {
    iptables: {
      "filter FORWARD": [`-i ${outside} ! -o ${outside} -m conntrack ! --ctstate RELATED,ESTABLISHED${handed} -j DROP`],
    },
  };
}
