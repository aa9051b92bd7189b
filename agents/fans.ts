import { u32ToIpv4 } from "../wire/address.ts";
import { KEPT_PER_FAN, type FanTotal } from "../wire/evidence.ts";
import type { CapturedPacket } from "../wire/capture.ts";
import { PROTOCOL } from "../wire/ipv4.ts";
import { TCP_FLAG } from "../wire/tcp.ts";
import { Crossings } from "./crossings.ts";
import { entryOf } from "./entry.ts";
import type { SeenPacket } from "./net/packet-socket.ts";

type FanCount = Omit<{ -readonly [Key in keyof FanTotal]: FanTotal[Key] }, "iface"> & { readonly iface: number };

/** FIN, SYN, RST and ACK: what tells a TCP segment's part in a connection. */
const KIND_BITS = 0x17;
const PROTOCOLS = 256;

/** Packets without payload that begin something new, counted by the two addresses and their kind. SYNs that cross are kept beside these. */
export class Fans {
  readonly #counts = new Map<number, Map<number, Map<number, FanCount>>>();
  readonly #crossings = new Crossings<FanCount>();
  readonly #recall: (packet: CapturedPacket) => void;

  /** `recall` is called with a SYN that was beyond what is kept, and turns out to cross one that came later. */
  constructor(recall: (packet: CapturedPacket) => void) {
    this.#recall = recall;
  }

  /** Counts a packet in; whether there are more of its kind by now than are kept. */
  isBeyond(packet: SeenPacket, iface: number): boolean {
    const fan = this.#fanOf(packet, iface);
    const isBeyond = fan.packets >= KEPT_PER_FAN;
    if (fan.kind === TCP_FLAG.syn && fan.protocol === PROTOCOL.tcp) {
      const crossed = this.#crossings.note(packet, iface, isBeyond ? fan : undefined);
      for (const { fan: counted, ...first } of crossed ?? []) {
        counted.packets -= 1;
        this.#recall({ iface: counted.iface, direction: counted.direction, ...first });
      }
      if (crossed && isBeyond) return false;
    }
    fan.packets += 1;
    fan.lastAtUs = packet.atUs;
    return isBeyond;
  }

  /** Those of which more came than were kept; `names` are the interfaces'. */
  totals(names: readonly string[]): readonly FanTotal[] {
    const all = [...this.#counts.values()].flatMap((byPair) =>
      [...byPair.values()].flatMap((one) => [...one.values()]),
    );
    return all
      .filter(({ packets }) => packets > KEPT_PER_FAN)
      .map(({ iface, ...fan }) => ({ ...fan, iface: names[iface] ?? "" }));
  }

  #fanOf(packet: SeenPacket, iface: number): FanCount {
    const { view, start, direction, protocol, atUs } = packet;
    const [from, to] = [view.getUint32(start + 12), view.getUint32(start + 16)];
    const kind = kindOf(packet);
    // numbers below 2^53, so that no string is built per packet
    const place = (iface * 2 + (direction === "out" ? 1 : 0)) * PROTOCOLS * PROTOCOLS + protocol * PROTOCOLS + kind;
    const bySource = entryOf(this.#counts, place, () => new Map<number, Map<number, FanCount>>());
    const byTarget = entryOf(bySource, from, () => new Map<number, FanCount>());
    return entryOf(byTarget, to, () => ({
      iface,
      direction,
      src: u32ToIpv4(from),
      dst: u32ToIpv4(to),
      protocol,
      kind,
      packets: 0,
      firstAtUs: atUs,
      lastAtUs: atUs,
    }));
  }
}

function kindOf({ view, start, captured, protocol, tcpStart }: SeenPacket): number {
  if (protocol === PROTOCOL.tcp && tcpStart !== undefined) return view.getUint8(tcpStart + 13) & KIND_BITS;
  const payload = (view.getUint8(start) & 0xf) * 4;
  return payload < captured ? view.getUint8(start + payload) : 0;
}
