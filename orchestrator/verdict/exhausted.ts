import { sameEndpoint } from "../../wire/address.ts";
import type { FanTotal } from "../../wire/evidence.ts";
import { PROTOCOL } from "../../wire/ipv4.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { Blockage } from "./outcome.ts";
import { text, type Hop, type Scene, type SideOfScene } from "./scene.ts";
import type { Segment } from "./sightings.ts";

/** A NAT that drops a SYN does not say for want of what. */
const NOTHING_FREE = "no outside port or session was free";

/**
 * A SYN went into a NAT and none came out: there was no outside port to give it, or its host has as many sessions as it may have. One that had a mapping, by which an earlier SYN left,
 * needed no other port: that was dropped for out of state.
 */
export function portExhausted(scene: Scene, side: SideOfScene): Blockage | undefined {
  const { segments, evidence } = scene;
  const { hops, hostName } = side;
  for (const hop of hops) {
    const { at, name, inner, outside } = hop;
    const flooded = exhaustedByFlood(scene, side, hop);
    if (flooded) return flooded;
    const syns = segments.filter(({ node, kind }) => node === at && kind === "syn");
    const entered = syns.filter(
      // what is meant for the NAT's own outside is no matter of outside ports alone
      ({ iface, direction, ttl, dst }) => iface === inner && direction === "in" && ttl > 1 && dst.ip !== outside,
    );
    // under whatever address: one that conntrack calls invalid leaves un-NATed, but leave it does
    const left = syns.filter(({ iface, direction }) => iface === "out" && direction === "out");
    const [inside, beyond] = [portsBySyn(entered), portsBySyn(left)];
    const counted = new Set((evidence.captures[at]?.fans ?? []).filter(isOfSyns).map(({ dst }) => dst));
    const stuck = entered.find((syn) => {
      if (counted.has(syn.dst.ip)) return false; // those that left may be among those that were not kept
      const [before, after] = [inside.get(synKey(syn))?.size ?? 0, beyond.get(synKey(syn))?.size ?? 0];
      if (before > 1) return after * 2 < before; // a flood may lose a few to clashes
      return after === 0 && !entered.some((other) => beyond.has(synKey(other)) && sameWay(other, syn));
    });
    if (!stuck) continue;
    const [before, after] = [inside.get(synKey(stuck))?.size ?? 0, beyond.get(synKey(stuck))?.size ?? 0];
    const what =
      before > 1 ? `${before - after} of ${hostName}'s ${before} SYNs` : `${hostName}'s SYN from ${text(stuck.src)}`;
    const why = `${what} to ${text(stuck.dst)} entered ${name} and never left it: ${NOTHING_FREE}`;
    return { cause: "port-exhausted", at, atUs: stuck.atUs, why };
  }
  return undefined;
}

/** More SYNs to one address entered a NAT than were kept one by one, and less than half as many left it. */
function exhaustedByFlood({ segments, evidence }: Scene, { hostName }: SideOfScene, hop: Hop): Blockage | undefined {
  const { at, name, inner, outside } = hop;
  const fans = (evidence.captures[at]?.fans ?? []).filter(isOfSyns);
  for (const fan of fans) {
    const { dst, packets: before, firstAtUs: atUs } = fan;
    if (fan.iface !== inner || fan.direction !== "in" || dst === outside) continue;
    const beyond = fans.filter((one) => one.iface === "out" && one.direction === "out" && one.dst === dst);
    const kept = segments.filter(
      (one) =>
        one.node === at && one.iface === "out" && one.direction === "out" && one.kind === "syn" && one.dst.ip === dst,
    ).length;
    const after = beyond.length > 0 ? beyond.reduce((sum, { packets }) => sum + packets, 0) : kept;
    if (after * 2 >= before) continue;
    const why = `${before - after} of ${hostName}'s ${before} SYNs to ${dst} entered ${name} and never left it: ${NOTHING_FREE}`;
    return { cause: "port-exhausted", at, atUs, why };
  }
  return undefined;
}

const isOfSyns = ({ protocol, kind }: FanTotal): boolean => protocol === PROTOCOL.tcp && kind === TCP_FLAG.syn;

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
