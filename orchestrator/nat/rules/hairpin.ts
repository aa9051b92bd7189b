import { unreachable } from "../../errors.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderDynamic } from "./dynamic.ts";
import { SYN } from "./filtering.ts";
import { OWNER } from "./recorder.ts";

/**
 * SYNs from inside to a mapping at the NAT's own outside address turn back to the mapping's owner, with the sender's outside endpoint
 * as their source (RFC 5382 REQ-8; `mappingRules` gives it). The filter holds for them as well, between outside ports as it would
 * outside: it is asked last, once the sender's mapping is recorded, so that a SYN that it refuses opens the way for the answer to it.
 */
export function hairpinRules(model: NatModel, { outside, outsideAddress }: GatewayPlace): Fragment {
  if (!model.hairpin) return {};
  const inward = `iifname != "${outside}" ip daddr ${outsideAddress} ${SYN}`;
  const turning = `iifname != "${outside}" oifname != "${outside}" meta l4proto tcp ct status dnat ct state new ct original ip daddr ${outsideAddress}`;
  const { objects, remember, refuse } = filterOf(model);
  return {
    objects,
    nft: {
      destination: [`${inward} dnat ip to tcp dport map @${OWNER}`, ...toNobody(model, inward)],
      egress: [...remember, `tcp dport ${NOBODY} drop`, ...refuse].map((rule) => `${turning} ${rule}`),
    },
  };
}

/** No program's port: such a SYN goes no further than to have its sender's mapping made. */
const NOBODY = 0;

/**
 * A port without mapping is nobody's, but the SYN to it leaves its sender's mapping behind all the same, as at two NATs. Where the NAT
 * answers such SYNs, it gets its answer like one from outside, and leaves none.
 */
function toNobody({ unsolicitedSyn }: NatModel, inward: string): string[] {
  return unsolicitedSyn === "drop" ? [`${inward} dnat ip to ip saddr : ${NOBODY}`] : [];
}

/** Which outside port has sent, or has sent to which; as keys of the sender's own packet, and of one that comes back. */
const SENT = {
  "address-dependent": { type: "inet_service", sent: "tcp sport", back: "ct original proto-dst" },
  "address-and-port-dependent": {
    type: "inet_service . inet_service",
    sent: "tcp sport . ct original proto-dst",
    back: "ct original proto-dst . tcp sport",
  },
} as const;

interface Filter {
  readonly objects: readonly string[];
  readonly remember: readonly string[];
  readonly refuse: readonly string[];
}

function filterOf({ filtering, timeouts }: NatModel): Filter {
  switch (filtering) {
    case "endpoint-independent":
      return { objects: [], remember: [], refuse: [] };
    case "address-dependent":
    case "address-and-port-dependent": {
      const { type, sent, back } = SENT[filtering];
      return {
        objects: [renderDynamic({ kind: "set", name: "turned", type, timeoutS: timeouts.synSentS })],
        remember: [`update @turned { ${sent} }`],
        refuse: [`${back} != @turned drop`],
      };
    }
    default:
      return unreachable(filtering);
  }
}
