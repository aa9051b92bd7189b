import type { NodeId } from "../../wire/control.ts";

/** A process in the namespace to reach: its pid, or in a script the shell variable that holds it. */
export type Pid = number | string;

/** `ip -batch` lines with which R joins the namespaces of the processes `pids` by veth pairs. */
export function wiring(pids: Readonly<Partial<Record<NodeId, Pid>>>): readonly string[] {
  const pair = (left: NodeId, leftName: string, right: NodeId, rightName: string): string =>
    `link add name ${leftName} netns ${pids[left]} type veth peer name ${rightName} netns ${pids[right]}`;
  const has = (id: NodeId): boolean => pids[id] !== undefined;
  return [
    pair("a", "lan", "na", "in"),
    ...(has("ca") ? [pair("na", "out", "ca", "in"), pair("r", "wan-a", "ca", "out")] : []),
    ...(has("c") ? [pair("na", "out", "c", "in"), pair("r", "wan-a", "c", "out")] : []),
    ...(has("ca") || has("c") ? [] : [pair("r", "wan-a", "na", "out")]),
    ...(has("cb") ? [pair("nb", "out", "cb", "in"), pair("r", "wan-b", "cb", "out")] : []),
    ...(has("c") ? [pair("nb", "out", "c", "in2")] : []),
    ...(has("cb") || has("c") ? [] : [pair("r", "wan-b", "nb", "out")]),
    pair("r", "wan-x", "x", "wan"),
    pair("b", "lan", "nb", "in"),
    ...(has("a2") ? [pair("a2", "lan", "na", "in2")] : []),
    ...(has("b2") ? [pair("b2", "lan", "nb", "in2")] : []),
  ];
}
