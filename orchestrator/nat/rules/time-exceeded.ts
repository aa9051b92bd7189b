import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

const TEARDOWN_QUEUE = 1;
const ERROR = "-p icmp -m icmp --icmp-type time-exceeded";

/**
 * Dropped before conntrack sees it, neither the host nor the mapping learns of the error (NATBLASTER assumptions 2 and 3). Torn
 * down: the error passes the NAT's agent, which deletes the mapping, and then goes on to the host, translated.
 */
export function timeExceededRules({ timeExceeded }: NatModel, { outside }: GatewayPlace): Fragment {
  switch (timeExceeded) {
    case "translate":
      return {};
    case "drop":
      return { iptables: { "raw PREROUTING": [`-i ${outside} ${ERROR} -j DROP`] } };
    case "teardown":
      return {
        iptables: {
          "filter FORWARD": [
            `-i ${outside} ${ERROR} -m conntrack --ctstate RELATED -j NFQUEUE --queue-num ${TEARDOWN_QUEUE}`,
          ],
        },
        duties: { teardownQueue: TEARDOWN_QUEUE },
      };
    default:
      return unreachable(timeExceeded);
  }
}
