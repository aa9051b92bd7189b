import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";

const TEARDOWN_QUEUE = 1;
const ERROR = "-p icmp -m icmp --icmp-type time-exceeded";
/** Conntrack mark of a mapping that an error has ended: nothing comes in on it while the agent is still about to delete it. */
const ENDED = 1;

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
        nft: {
          tracked: [
            `iifname "${outside}" icmp type time-exceeded ct state related ct mark set ${ENDED}`,
            `iifname "${outside}" meta l4proto tcp ct mark ${ENDED} drop`,
          ],
        },
        duties: { teardownQueue: TEARDOWN_QUEUE },
      };
    default:
      return unreachable(timeExceeded);
  }
}
