import { u32ToIpv4, type Endpoint, type Port } from "../wire/address.ts";
import { KEPT_PER_FLOW, type FlowTotal } from "../wire/evidence.ts";
import { entryOf } from "./entry.ts";
import type { Fans } from "./fans.ts";
import type { SeenPacket } from "./net/packet-socket.ts";

const PAYLOAD_START_BYTES = 40;
const SYN = 2;

type FlowCount = { -readonly [Key in keyof FlowTotal]: FlowTotal[Key] } & { startSeq: number };

/** Totals of the TCP flows at every interface of one node, by direction. */
export class Flows {
  readonly #byPlace = new Map<number, Map<number, Map<number, FlowCount>>>();
  readonly #names: readonly string[];
  readonly #fans: Fans;

  /** `names`: of the interfaces. Of a fan of too many flows (`fans`) those beyond have no totals here. */
  constructor(names: readonly string[], fans: Fans) {
    this.#names = names;
    this.#fans = fans;
  }

  /** Those that carried payload, or more packets than are kept. */
  get totals(): readonly FlowTotal[] {
    return [...this.#byPlace.values()]
      .flatMap((bySource) => [...bySource.values()].flatMap((all) => [...all.values()]))
      .filter(({ payloadBytes, packets }) => payloadBytes > 0 || packets > KEPT_PER_FLOW)
      .map(totalOf);
  }

  /** Adds the segment to the total of its flow; of a fan of too many flows each is one packet and no flow. */
  count(packet: SeenPacket, iface: number, { tcp, flags }: { tcp: number; flags: number }): FlowCount | undefined {
    // what a SYN carries (a birthday's guessed port) is no payload of the connection
    const start = tcp - packet.start + (packet.view.getUint8(tcp + 12) >> 4) * 4;
    const payload = flags & SYN ? 0 : Math.max(0, packet.length - start);
    const flow = this.#flowOf(packet, iface, { tcp, payload });
    if (!flow) return undefined;
    flow.packets += 1;
    flow.payloadBytes += payload;
    flow.lastAtUs = packet.atUs;
    if (payload > 0) this.#keepStart(flow, packet, { tcp, start });
    return flow;
  }

  /** What comes first in the stream may come later on the way: a NAT may let in the second segment and not the first. */
  #keepStart(flow: FlowCount, { bytes, view }: SeenPacket, { tcp, start }: { tcp: number; start: number }): void {
    const seq = view.getUint32(tcp + 4);
    if (flow.payloadStart !== "" && ((seq - flow.startSeq) | 0) >= 0) return;
    flow.startSeq = seq;
    flow.payloadStart = Buffer.from(bytes.subarray(start, start + PAYLOAD_START_BYTES)).toString("hex");
  }

  #flowOf(
    packet: SeenPacket,
    iface: number,
    { tcp, payload }: { tcp: number; payload: number },
  ): FlowCount | undefined {
    const { view, start, direction } = packet;
    const ports = view.getUint32(tcp);
    // addresses and ports as two numbers of 48 bits each: exact in a double, and no string is built per packet
    const from = view.getUint32(start + 12) * 0x10000 + (ports >>> 16);
    const to = view.getUint32(start + 16) * 0x10000 + (ports & 0xffff);
    const place = iface * 2 + (direction === "out" ? 1 : 0);
    const known = this.#byPlace.get(place)?.get(from)?.get(to);
    if (known) return known;
    if (payload === 0 && this.#fans.isBeyond(packet, iface)) return undefined;
    const bySource = entryOf(this.#byPlace, place, () => new Map<number, Map<number, FlowCount>>());
    const byDestination = entryOf(bySource, from, () => new Map<number, FlowCount>());
    return entryOf(byDestination, to, () => ({
      iface: this.#names[iface] ?? "",
      direction,
      src: endpointOf(from),
      dst: endpointOf(to),
      packets: 0,
      payloadBytes: 0,
      firstAtUs: packet.atUs,
      lastAtUs: packet.atUs,
      payloadStart: "",
      startSeq: 0,
    }));
  }
}

function totalOf(flow: FlowCount): FlowTotal {
  const { startSeq: _, ...total } = flow;
  return total;
}

/** The inverse of the flow key's halves. */
function endpointOf(packed: number): Endpoint {
  return { ip: u32ToIpv4(Math.floor(packed / 0x10000)), port: (packed % 0x10000) as Port };
}
