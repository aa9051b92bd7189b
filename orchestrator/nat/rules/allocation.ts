import { unreachable } from "../../errors.ts";
import { ALL_PORTS } from "../catalogue.ts";
import type { Fragment } from "../fragment.ts";
import type { NatModel, PortAllocation } from "../model.ts";
import { portCount } from "../pools.ts";
import type { GatewayPlace } from "../ruleset.ts";
import { renderSequence } from "../sequence.ts";
import { mappingRules } from "./mapping.ts";

/** Source NAT: which outside port a new connection gets. */
export function allocationRules(model: NatModel, place: GatewayPlace): Fragment {
  if (model.sourceRoute === "stateless") return {};
  const outward = `-s ${place.lan} -o ${place.outside}`;
  const others = `${outward} ! -p tcp -j MASQUERADE`;
  if (!isMasquerade(model)) return { ...mappingRules(model, place), iptables: { "nat POSTROUTING": [others] } };
  return {
    iptables: { "nat POSTROUTING": [`${outward} -p tcp ${target(model.ports)}`, others] },
    chains: model.ports.kind === "sequential" ? renderSequence(model.ports) : [],
  };
}

/** Whether iptables' MASQUERADE is such a NAT by itself: no table of mappings besides conntrack is needed then. */
export function isMasquerade({ mapping, filtering, ports, blockSize, hairpin }: NatModel): boolean {
  if (filtering !== "address-and-port-dependent" || hairpin || blockSize !== undefined) return false;
  switch (ports.kind) {
    case "preserve":
      return mapping === "endpoint-independent";
    case "sequential":
      return mapping === "address-and-port-dependent" && !ports.parity;
    case "random":
      return mapping === "address-and-port-dependent" && !ports.parity && isDrawnByKernel(ports.range);
    default:
      return unreachable(ports);
  }
}

/** All ports as Linux itself draws them; or a range whose size divides the 65,536 numbers it draws (nf_nat_core.c). */
function isDrawnByKernel(range: { readonly from: number; readonly to: number }): boolean {
  return isEverything(range) || Number.isInteger(Math.log2(portCount(range)));
}

function isEverything({ from, to }: { readonly from: number; readonly to: number }): boolean {
  return from === ALL_PORTS.from && to === ALL_PORTS.to;
}

function target(ports: PortAllocation): string {
  switch (ports.kind) {
    case "preserve":
      return "-j MASQUERADE";
    case "sequential":
      return "-g SEQ";
    case "random": {
      const { from, to } = ports.range;
      return isEverything(ports.range)
        ? "-j MASQUERADE --random-fully"
        : `-j MASQUERADE --to-ports ${from}-${to} --random-fully`;
    }
    default:
      return unreachable(ports);
  }
}
