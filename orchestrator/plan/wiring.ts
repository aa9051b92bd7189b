import type { NodeId } from "../../wire/control.ts";
import type { GatewayPlace } from "../nat/ruleset.ts";
import { ADDRESS, LAN, outsideAddress } from "./addresses.ts";

export type Side = "a" | "b";
/** A process in the namespace to reach: its pid, or in a script the shell variable that holds it. */
export type Pid = number | string;

/** `ip -batch` lines with which R joins the namespaces of the processes `pids` by veth pairs. */
export function wiring(pids: Readonly<Partial<Record<NodeId, Pid>>>): readonly string[] {
  const pair = (left: NodeId, leftName: string, right: NodeId, rightName: string): string =>
    `link add name ${leftName} netns ${pids[left]} type veth peer name ${rightName} netns ${pids[right]}`;
  return [
    pair("a", "lan", "na", "in"),
    pair("r", "wan-a", "na", "out"),
    pair("r", "wan-b", "nb", "out"),
    pair("r", "wan-x", "x", "wan"),
    pair("b", "lan", "nb", "in"),
    ...(pids.a2 === undefined ? [] : [pair("a2", "lan", "na", "in2")]),
  ];
}

/** Where a side's gateway stands. */
export function gatewayPlace(side: Side): GatewayPlace {
  return { outside: "out", lan: LAN[side], outsideAddress: outsideAddress(side, "nat") };
}

/** Routes that let the core reach a LAN directly: only where its gateway is a plain router. */
export function lanRoute(side: Side, gateway: "nat" | "router"): string {
  const via = side === "a" ? ADDRESS.naOutside : ADDRESS.nbOutside;
  return gateway === "router" ? `route replace ${LAN[side]} via ${via}` : `route flush ${LAN[side]}`;
}
