import { formatEndpoint, type Endpoint } from "../../wire/address.ts";
import type { Journey } from "./journey.ts";
import type { Tcp } from "./packet.ts";

/** Names the connection that a segment belongs to, wherever on its way and in whichever direction it was seen. */
export type Conversation = (packet: Tcp) => string;

/** Learns from packets that were seen on both sides of a NAT which endpoints are one and the same. */
export function conversationsOf(journeys: readonly Journey[]): Conversation {
  const parents = new Map<string, string>();
  const root = (text: string): string => {
    let at = text;
    for (let next = parents.get(at); next !== undefined; next = parents.get(at)) at = next;
    return at;
  };
  const join = (one: Endpoint, other: Endpoint): void => {
    const [left, right] = [root(formatEndpoint(one)), root(formatEndpoint(other))];
    if (left !== right) parents.set(right, left);
  };
  for (const { sightings } of journeys)
    sightings.slice(1).forEach(({ packet }, index) => {
      const before = sightings[index]!.packet;
      if (packet.kind !== "tcp" || before.kind !== "tcp") return;
      join(before.from, packet.from);
      join(before.to, packet.to);
    });
  return ({ from, to }) => [root(formatEndpoint(from)), root(formatEndpoint(to))].sort().join(" ");
}
