import { entryOf } from "./entry.ts";
import type { SeenPacket } from "./net/packet-socket.ts";

/** So many SYNs are remembered: both sides' searches at two ports each, at both interfaces of a node, are 258,048 at a NAT. */
const MOST = 300_000;
const CHUNK_BYTES = 0x10000;

/** A SYN that was counted in `fan` and not kept. */
export interface CountedSyn<Fan> {
  readonly fan: Fan;
  readonly atUs: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

/** Of two SYNs that cross the one that was seen first; without `fan` it was kept. Its bytes lie in a buffer that many share. */
interface First<Fan> {
  readonly isFromLower: boolean;
  readonly fan: Fan | undefined;
  readonly atUs: number;
  readonly length: number;
  readonly chunk: Uint8Array;
  readonly start: number;
  readonly end: number;
}

type ByPorts<Fan> = Map<number, First<Fan> | "crossed">;

/**
 * Of the SYNs at each interface those that cross: where both sides search over ports these are the few that meet, and any two of tens of
 * thousands may.
 */
export class Crossings<Fan> {
  /** By interface, lower and higher address, and the ports of both. */
  readonly #seen = new Map<number, Map<number, Map<number, ByPorts<Fan>>>>();
  readonly #most: number;
  #count = 0;
  #chunk = new Uint8Array(0);
  #used = 0;

  /** `most`: SYNs that are remembered at all; what comes later crosses none but these. */
  constructor(most = MOST) {
    this.#most = most;
  }

  /**
   * Takes note of a SYN, with the fan that counts it where it is one too many to be kept. Where the peer's SYN between the same endpoints
   * was seen before, returns it, unless it was kept; undefined where this one crosses none.
   */
  note(packet: SeenPacket, iface: number, fan?: Fan): readonly CountedSyn<Fan>[] | undefined {
    const { view, start, tcpStart } = packet;
    if (tcpStart === undefined) return undefined;
    const [from, to] = [view.getUint32(start + 12), view.getUint32(start + 16)];
    const isFromLower = from < to;
    const seen = this.#between(iface, Math.min(from, to), Math.max(from, to));
    const ports = portsOf(view.getUint16(tcpStart), view.getUint16(tcpStart + 2), isFromLower);
    const first = seen.get(ports);
    if (first === undefined) {
      if (this.#count < this.#most) seen.set(ports, this.#remember(packet, isFromLower, fan));
      return undefined;
    }
    if (first === "crossed") return [];
    if (first.isFromLower === isFromLower) return undefined; // sent again
    seen.set(ports, "crossed");
    return first.fan === undefined ? [] : [recall(first, first.fan)];
  }

  #between(iface: number, lower: number, higher: number): ByPorts<Fan> {
    const byLower = entryOf(this.#seen, iface, () => new Map<number, Map<number, ByPorts<Fan>>>());
    const byHigher = entryOf(byLower, lower, () => new Map<number, ByPorts<Fan>>());
    return entryOf(byHigher, higher, () => new Map());
  }

  #remember({ atUs, length, bytes }: SeenPacket, isFromLower: boolean, fan: Fan | undefined): First<Fan> {
    this.#count += 1;
    const size = fan === undefined ? 0 : bytes.length;
    if (this.#used + size > this.#chunk.length) [this.#chunk, this.#used] = [new Uint8Array(CHUNK_BYTES), 0];
    const [chunk, start] = [this.#chunk, this.#used];
    this.#used += size;
    if (size > 0) chunk.set(bytes, start);
    return { isFromLower, fan, atUs, length, chunk, start, end: this.#used };
  }
}

function recall<Fan>({ atUs, length, chunk, start, end }: First<Fan>, fan: Fan): CountedSyn<Fan> {
  return { fan, atUs, length, bytes: chunk.slice(start, end) };
}

/** Both ports as one number, the lower address's first. */
function portsOf(from: number, to: number, isFromLower: boolean): number {
  return isFromLower ? from * 0x10000 + to : to * 0x10000 + from;
}
