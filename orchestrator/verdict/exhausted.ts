import { sameEndpoint } from "../../wire/address.ts";
import type { Blockage } from "./outcome.ts";
import { text, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/**
 * A SYN went into a NAT and none came out: there was no outside port to give it. One that had a mapping, by which an earlier SYN left,
 * needed no other port: that was dropped for out of state.
 */
export function portExhausted({ segments }: Scene, { hops, hostName }: SideOfScene): Blockage | undefined {
  for (const { at, name, inner, outside } of hops) {
    const syns = segments.filter(({ node, kind }) => node === at && kind === "syn");
    const entered = syns.filter(
      // what is meant for the NAT's own outside is no matter of outside ports alone
      ({ iface, direction, ttl, dst }) => iface === inner && direction === "in" && ttl > 1 && dst.ip !== outside,
    );
    // under whatever address: one that conntrack calls invalid leaves un-NATed, but leave it does
    const left = syns.filter(({ iface, direction }) => iface === "out" && direction === "out");
    const [inside, beyond] = [portsBySyn(entered), portsBySyn(left)];
    const stuck = entered.find((syn) => {
      const [before, after] = [inside.get(synKey(syn))?.size ?? 0, beyond.get(synKey(syn))?.size ?? 0];
      if (before > 1) return after * 2 < before; // a flood may lose a few to clashes
      return after === 0 && !entered.some((other) => beyond.has(synKey(other)) && sameWay(other, syn));
    });
    if (!stuck) continue;
    const [before, after] = [inside.get(synKey(stuck))?.size ?? 0, beyond.get(synKey(stuck))?.size ?? 0];
    const what =
      before > 1 ? `${before - after} of ${hostName}'s ${before} SYNs` : `${hostName}'s SYN from ${text(stuck.src)}`;
    const why = `${what} to ${text(stuck.dst)} entered ${name} and never left it: no outside port was free`;
    return { cause: "port-exhausted", at, atUs: stuck.atUs, why };
  }
  return undefined;
}

/** Translation keeps the destination and (but for half its range) the sequence number of a SYN; a flood's SYNs share both. */
const synKey = ({ dst, seq }: Segment): string => `${text(dst)} ${seq % 2 ** 31}`;

const sameWay = (one: Segment, other: Segment): boolean =>
  sameEndpoint(one.src, other.src) && sameEndpoint(one.dst, other.dst);

/** From which ports each SYN was sent. */
function portsBySyn(syns: readonly Segment[]): ReadonlyMap<string, ReadonlySet<number>> {
  const ports = new Map<string, Set<number>>();
  for (const syn of syns) {
    const known = ports.get(synKey(syn)) ?? new Set();
    ports.set(synKey(syn), known.add(syn.src.port));
  }
  return ports;
}
