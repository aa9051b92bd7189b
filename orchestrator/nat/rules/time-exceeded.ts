import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

/** Dropped before conntrack sees it, so that neither the host nor the mapping learns of the error (NATBLASTER assumptions 2 and 3). */
export function timeExceededRules({ timeExceeded }: NatModel, { outside }: GatewayPlace): Fragment {
  switch (timeExceeded) {
    case "translate":
      return {};
    case "drop":
      return { iptables: { "raw PREROUTING": [`-i ${outside} -p icmp -m icmp --icmp-type time-exceeded -j DROP`] } };
    case "teardown":
      return {};
    default:
      return unreachable(timeExceeded);
  }
}
