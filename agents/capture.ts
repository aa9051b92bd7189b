import { readFileSync, readdirSync } from "node:fs";
import { packPackets, type CapturedPacket } from "../wire/capture.ts";
import { u32ToIpv4, type Endpoint, type Port } from "../wire/address.ts";
import { KEPT_PER_FLOW, type CaptureResult, type FlowTotal } from "../wire/control.ts";
import { PROTOCOL } from "../wire/ipv4.ts";
import { entryOf, Fans } from "./fans.ts";
import { Sentinel } from "./sentinel.ts";
import { PacketSocket, type SeenPacket } from "./net/packet-socket.ts";
import { readableWatch, watchReadable, type ReadableWatch } from "./net/poll.ts";

/** Packets one attempt may keep on one node. */
const KEEP_IN_ALL = 20_000;
const PAYLOAD_START_BYTES = 40;
/** The kernel hands a sentinel back within microseconds; a busy machine takes its time. */
const SENTINEL_WITHIN_MS = 2_000;
/** Nodes that need not react to packets empty the socket this often while recording (64 MiB last far longer). */
const DRAIN_EVERY_MS = 20;

type FlowCount = { -readonly [Key in keyof FlowTotal]: FlowTotal[Key] } & { startSeq: number };
export type Tap = (packet: SeenPacket) => void;

/**
 * Always-on capture of one network namespace: what was seen since `begin`, as packets and as flow totals.
 * Draining the socket in `end` is complete by construction: the kernel queues a packet on the packet socket
 * before the packet reaches anybody who could report it.
 */
export class Recorder {
  readonly #socket = new PacketSocket();
  readonly #sentinel = new Sentinel(this.#socket);
  readonly #taps = new Set<Tap>();
  #names: readonly string[] = [];
  #indexOf = new Map<number, number>();
  #kept: CapturedPacket[] = [];
  #flows = new Map<number, Map<number, Map<number, FlowCount>>>();
  #fans = new Fans();
  #lost = 0;
  #dropsBefore = 0;

  /** Of a lazy recorder: runs while anybody taps. */
  readonly #tapped: ReadableWatch | undefined;

  /** Taps are called as packets arrive. `live`: so are packets recorded; `lazy`: without taps the socket is emptied from time to time. */
  constructor(mode: "live" | "lazy") {
    if (mode === "live") watchReadable(this.#socket.fd, () => this.drain());
    else {
      this.#tapped = readableWatch(this.#socket.fd, () => this.drain());
      setInterval(() => this.drain(), DRAIN_EVERY_MS);
    }
  }

  begin(): void {
    this.#socket.drain(() => {});
    this.#dropsBefore = this.#socket.drops;
    const interfaces = readdirSync("/sys/class/net").map((name) => ({ name, index: interfaceIndex(name) }));
    this.#names = interfaces.map(({ name }) => name);
    this.#indexOf = new Map(interfaces.map(({ index }, position) => [index, position]));
    this.#kept = [];
    this.#flows = new Map();
    this.#fans = new Fans();
    this.#lost = 0;
    this.#sentinel.restart();
    this.#proveLive();
  }

  end(): CaptureResult {
    this.#proveLive();
    const flows = [...this.#flows.values()].flatMap((bySource) =>
      [...bySource.values()].flatMap((all) => [...all.values()]),
    );
    const fans = this.#fans.totals(this.#names);
    return {
      packets: Buffer.from(packPackets(this.#kept)).toString("base64"),
      interfaces: this.#names,
      flows: flows.filter(({ payloadBytes, packets }) => payloadBytes > 0 || packets > KEPT_PER_FLOW).map(totalOf),
      ...(fans.length > 0 && { fans }),
      lost: this.#lost + this.#socket.drops - this.#dropsBefore,
      sentinels: this.#sentinel.counts,
    };
  }

  /** Sends a sentinel and reads until it is back; what is not back in time is missing from the counts. */
  #proveLive(): void {
    this.#sentinel.send();
    const until = performance.now() + SENTINEL_WITHIN_MS;
    for (this.drain(); !this.#sentinel.isBack && performance.now() < until; this.drain()) pause(1);
  }

  /** Calls `tap` with every packet from now on, until the returned function is called. */
  tap(tap: Tap): () => void {
    if (this.#taps.size === 0) this.#tapped?.start();
    this.#taps.add(tap);
    return () => {
      if (this.#taps.delete(tap) && this.#taps.size === 0) this.#tapped?.stop();
    };
  }

  /** Hands on at once everything that arrived so far: what another process tells next cannot be older. */
  drain(): void {
    this.#socket.drain((packet) => {
      if (this.#sentinel.takes(packet)) return;
      this.#record(packet);
      for (const tap of this.#taps) tap(packet);
    });
  }

  #record(packet: SeenPacket): void {
    const iface = this.#indexOf.get(packet.ifindex);
    if (iface === undefined) return;
    const tcp = packet.tcpStart;
    if (tcp !== undefined) {
      const flags = packet.view.getUint8(tcp + 13);
      const flow = this.#count(packet, iface, { tcp, flags });
      if (!flow || (flow.packets > KEPT_PER_FLOW && (flags & (FIN | SYN | RST)) === 0)) return;
    } else if (packet.protocol === PROTOCOL.icmp && this.#fans.isBeyond(packet, iface)) return; // answers to a search
    if (this.#kept.length >= KEEP_IN_ALL) {
      this.#lost += 1;
      return;
    }
    const { direction, atUs, length } = packet;
    this.#kept.push({ iface, direction, atUs, length, bytes: packet.bytes.slice() });
  }

  /** Adds the packet to the total of its flow; of a fan of too many flows each is one packet and no flow. */
  #count(packet: SeenPacket, iface: number, { tcp, flags }: { tcp: number; flags: number }): FlowCount | undefined {
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
    const known = this.#flows.get(place)?.get(from)?.get(to);
    if (known) return known;
    if (payload === 0 && this.#fans.isBeyond(packet, iface)) return undefined;
    const bySource = entryOf(this.#flows, place, () => new Map<number, Map<number, FlowCount>>());
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

const [FIN, SYN, RST] = [1, 2, 4];

/** The inverse of the flow key's halves. */
function endpointOf(packed: number): Endpoint {
  return { ip: u32ToIpv4(Math.floor(packed / 0x10000)), port: (packed % 0x10000) as Port };
}

/** Blocks: nothing else may come between the sentinel and its capture. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function interfaceIndex(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
}
