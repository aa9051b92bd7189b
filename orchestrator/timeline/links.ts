import type { NodeId } from "../../wire/control.ts";
import { wiring } from "../plan/wiring.ts";

/** One end of a link, as captures name it: `na:out`. */
export type LinkEnd = `${NodeId}:${string}`;

/** The nodes that every world has. */
const EVERYWHERE: readonly NodeId[] = ["a", "na", "r", "nb", "b", "x"];

/** The other end of every link of a world in which these nodes were seen; a loopback is its own other end. */
export function linksOf(seen: readonly NodeId[]): ReadonlyMap<LinkEnd, LinkEnd> {
  const nodes = [...new Set([...EVERYWHERE, ...seen])];
  const ends = new Map<LinkEnd, LinkEnd>(nodes.map((node) => [`${node}:lo`, `${node}:lo`]));
  for (const line of wiring(Object.fromEntries(nodes.map((node) => [node, node])))) {
    const [, one, left, other, right] = LINK.exec(line)! as unknown as [string, string, NodeId, string, NodeId];
    ends.set(`${left}:${one}`, `${right}:${other}`);
    ends.set(`${right}:${other}`, `${left}:${one}`);
  }
  return ends;
}

/** A link of the plan, whose "process" here is the node's own name. */
const LINK = /^link add name (\S+) netns (\S+) type veth peer name (\S+) netns (\S+)$/;
