import type { NodeId } from "../../wire/control.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import { linksOf, type LinkEnd } from "./links.ts";
import { readPacket, textOf, type Packet } from "./packet.ts";
import type { TrialRecord } from "./record.ts";

/** A packet as one interface saw it. */
export interface Sighting {
  readonly node: NodeId;
  readonly iface: string;
  readonly direction: "in" | "out";
  readonly atUs: number;
  readonly packet: Packet;
  /** As captured, from the IP header on. */
  readonly bytes: Uint8Array;
}

/** One packet on its way: all sightings of it, in order. */
export interface Journey {
  readonly sightings: readonly [Sighting, ...Sighting[]];
}

/** Whether a journey begins where the packet was sent; otherwise what was seen first is not where it came from. */
export function isWhole({ sightings: [{ node, direction, packet }] }: Journey): boolean {
  if (direction === "in") return false;
  // of TCP a router or NAT sends nothing but RSTs itself
  return !FORWARDING.includes(node) || packet.kind !== "tcp" || (packet.flags & TCP_FLAG.rst) !== 0;
}

/** A captured packet before it is known to which journey it belongs. */
interface Seen extends Sighting {
  /** All its bytes: a link changes none. */
  readonly key: string;
  /** By what it is known again behind a router. */
  readonly invariant?: string;
}

/** What came in at once may leave in any order; what leaves so long after is more likely another one with the same bytes. */
const AT_ONCE_US = 50_000;
/** Hosts and X forward nothing. */
const FORWARDING: readonly NodeId[] = ["na", "nb", "ca", "cb", "c", "r"];

/**
 * Puts the sightings of each packet together: across a link by its bytes, through a router or NAT by what these leave as it is. Every captured
 * packet is in exactly one journey. Journeys are in order of their first sighting.
 */
export function journeysOf(record: TrialRecord): readonly Journey[] {
  const links = linksOf(Object.keys(record.captures) as NodeId[]);
  const slackUs = AT_ONCE_US + delayUsOf(record);
  const journeys: [Sighting, ...Sighting[]][] = [];
  const waiting = new Map<string, { readonly journey: Sighting[]; readonly sinceUs: number }[]>();
  for (const seen of inOrder(record)) {
    const { node, iface, direction, atUs, packet, bytes, key, invariant } = seen;
    const sighting: Sighting = { node, iface, direction, atUs, packet, bytes };
    const expected = direction === "in" ? `link ${node}:${iface} ${key}` : `through ${node} ${invariant}`;
    let journey = take(expected, atUs);
    if (journey) journey.push(sighting);
    else {
      const begun: [Sighting, ...Sighting[]] = [sighting];
      journeys.push(begun);
      journey = begun;
    }
    const next =
      direction === "out"
        ? `link ${links.get(`${node}:${iface}` as LinkEnd)} ${key}`
        : FORWARDING.includes(node) && invariant !== undefined
          ? `through ${node} ${invariant}`
          : undefined;
    if (next === undefined) continue;
    const others = waiting.get(next);
    if (others) others.push({ journey, sinceUs: atUs });
    else waiting.set(next, [{ journey, sinceUs: atUs }]);
  }
  return journeys.map((sightings) => ({ sightings }));

  /** First come, first gone; but what has waited for too long was dropped, and this is a repetition. */
  function take(key: string, atUs: number): Sighting[] | undefined {
    const candidates = waiting.get(key);
    if (!candidates) return undefined;
    const prompt = candidates.findIndex(({ sinceUs }) => atUs - sinceUs <= slackUs);
    const [taken] = candidates.splice(prompt === -1 ? candidates.length - 1 : prompt, 1);
    if (candidates.length === 0) waiting.delete(key);
    return taken?.journey;
  }
}

/** How long the core holds a packet, as R's agent was told. */
export function delayUsOf({ logs }: TrialRecord): number {
  return Math.max(0, ...logs.map(({ node, what, detail }) => (node === "r" && what === "core" ? delayOf(detail) : 0)));
}

function delayOf(detail: unknown): number {
  const delayMs = (detail as { delayMs?: unknown } | null)?.delayMs;
  return typeof delayMs === "number" ? delayMs * 1000 : 0;
}

/**
 * All sightings in order of time; of those of one microsecond the one with more TTL left was earlier on the way. What one interface saw
 * stays in the order in which it saw it.
 */
function inOrder({ captures }: TrialRecord): readonly Seen[] {
  const queues = Object.entries(captures).flatMap(([node, { interfaces, packets }]) => {
    const own = Map.groupBy(packets, ({ iface }) => iface);
    return [...own].map(([iface, seen]) => ({
      node: node as NodeId,
      iface: interfaces[iface] ?? `?${iface}`,
      seen,
      at: 0,
    }));
  });
  const seen = queues.flatMap(({ node, iface, seen: packets }) => {
    let floorUs = -Infinity; // a clock that was set back must not change the order
    return packets.map(({ direction, atUs, bytes }) => {
      floorUs = Math.max(floorUs, atUs);
      const read = readPacket(bytes);
      return { sortUs: floorUs, seen: { node, iface, direction, atUs, bytes, key: textOf(bytes), ...read } as Seen };
    });
  });
  return seen
    .sort(
      (one, other) =>
        one.sortUs - other.sortUs || ttlOf(other.seen) - ttlOf(one.seen) || rank(one.seen) - rank(other.seen),
    )
    .map((one) => one.seen);
}

const ttlOf = ({ packet }: Seen): number => (packet.kind === "malformed" ? 0 : packet.ttl);
/** On a link the packet leaves one end before it is at the other. */
const rank = ({ direction }: Seen): number => (direction === "out" ? 0 : 1);
