import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** A NAT is no route inwards: only what belongs to a mapping may pass, even where the core knows the LAN's prefix (I-1). */
export function blockedInward(_: NatModel, { outside }: GatewayPlace): Fragment {
  return {
    iptables: {
      "filter FORWARD": [`-i ${outside} ! -o ${outside} -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP`],
    },
  };
}
