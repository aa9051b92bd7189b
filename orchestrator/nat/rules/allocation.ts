import { unreachable } from "../../errors.ts";
import { ALL_PORTS } from "../catalogue.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel, PortAllocation } from "../model.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderSequence } from "../sequence.ts";

/** Source NAT: which outside port a new connection gets. */
export function allocationRules({ ports }: NatModel, { outside, lan }: GatewayPlace): Fragment {
  const outward = `-s ${lan} -o ${outside}`;
  return {
    iptables: { "nat POSTROUTING": [`${outward} -p tcp ${target(ports)}`, `${outward} ! -p tcp -j MASQUERADE`] },
    chains: ports.kind === "sequential" ? renderSequence(ports) : [],
  };
}

function target(ports: PortAllocation): string {
  switch (ports.kind) {
    case "preserve":
      return "-j MASQUERADE";
    case "sequential":
      return "-g SEQ";
    case "random": {
      const { from, to } = ports.range;
      // The kernel's own choice is uniform; an explicit range is u16 mod n, hence biased unless n is a power of two.
      const everything = from === ALL_PORTS.from && to === ALL_PORTS.to;
      return everything ? "-j MASQUERADE --random-fully" : `-j MASQUERADE --to-ports ${from}-${to} --random-fully`;
    }
    default:
      return unreachable(ports);
  }
}
