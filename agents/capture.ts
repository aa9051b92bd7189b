import { readFileSync, readdirSync } from "node:fs";
import { packPackets, type CapturedPacket } from "../wire/capture.ts";
import type { Endpoint } from "../wire/address.ts";
import type { CaptureResult, FlowTotal } from "../wire/control.ts";
import { PacketSocket, type SeenPacket } from "./net/packet-socket.ts";
import { watchReadable } from "./net/poll.ts";

/** Bulk payload beyond so many packets of one flow, direction and interface is counted, not kept. */
const KEEP_PER_FLOW = 48;
/** Packets one attempt may keep on one node. */
const KEEP_IN_ALL = 20_000;
const PAYLOAD_START_BYTES = 40;
/** Nodes that need not react to packets empty the socket this often while recording (64 MiB last far longer). */
const DRAIN_EVERY_MS = 20;

type FlowCount = { -readonly [Key in keyof FlowTotal]: FlowTotal[Key] };
export type Tap = (packet: SeenPacket) => void;

/**
 * Always-on capture of one network namespace: what was seen since `begin`, as packets and as flow totals.
 * Draining the socket in `end` is complete by construction: the kernel queues a packet on the packet socket
 * before the packet reaches anybody who could report it.
 */
export class Recorder {
  readonly #socket = new PacketSocket();
  readonly #taps = new Set<Tap>();
  #names: readonly string[] = [];
  #indexOf = new Map<number, number>();
  #kept: CapturedPacket[] = [];
  #flows = new Map<string, FlowCount>();
  #lost = 0;
  #dropsBefore = 0;

  /** `live`: taps are called as packets arrive; otherwise the socket is only emptied from time to time. */
  constructor(mode: "live" | "lazy") {
    if (mode === "live") watchReadable(this.#socket.fd, () => this.#drain());
    else setInterval(() => this.#drain(), DRAIN_EVERY_MS);
  }

  begin(): void {
    this.#socket.drain(() => {});
    this.#dropsBefore = this.#socket.drops;
    const interfaces = readdirSync("/sys/class/net").map((name) => ({ name, index: interfaceIndex(name) }));
    this.#names = interfaces.map(({ name }) => name);
    this.#indexOf = new Map(interfaces.map(({ index }, position) => [index, position]));
    this.#kept = [];
    this.#flows = new Map();
    this.#lost = 0;
  }

  end(): CaptureResult {
    this.#drain();
    return {
      packets: Buffer.from(packPackets(this.#kept)).toString("base64"),
      interfaces: this.#names,
      flows: [...this.#flows.values()],
      lost: this.#lost + this.#socket.drops - this.#dropsBefore,
    };
  }

  /** Calls `tap` with every packet from now on, until the returned function is called. */
  tap(tap: Tap): () => void {
    this.#taps.add(tap);
    return () => this.#taps.delete(tap);
  }

  #drain(): void {
    this.#socket.drain((packet) => {
      this.#record(packet);
      for (const tap of this.#taps) tap(packet);
    });
  }

  #record(packet: SeenPacket): void {
    const iface = this.#indexOf.get(packet.ifindex);
    if (iface === undefined) return;
    const flow = tcpFields(packet.bytes, packet.length);
    const bulk = flow !== undefined && this.#count(packet, flow, iface) > KEEP_PER_FLOW && !flow.control;
    if (bulk) return;
    if (this.#kept.length >= KEEP_IN_ALL) {
      this.#lost += 1;
      return;
    }
    const { direction, atUs, length } = packet;
    this.#kept.push({ iface, direction, atUs, length, bytes: packet.bytes.slice() });
  }

  /** Adds the packet to its flow's total and returns how many packets the flow has now. */
  #count(packet: SeenPacket, fields: TcpFields, iface: number): number {
    const key = `${iface}${packet.direction}${fields.key}`;
    let flow = this.#flows.get(key);
    if (!flow) {
      const { src, dst } = endpoints(packet.bytes, fields.headerLength);
      const { direction, atUs } = packet;
      const name = this.#names[iface] ?? "";
      flow = {
        iface: name,
        direction,
        src,
        dst,
        packets: 0,
        payloadBytes: 0,
        firstAtUs: atUs,
        lastAtUs: atUs,
        payloadStart: "",
      };
      this.#flows.set(key, flow);
    }
    flow.packets += 1;
    flow.payloadBytes += fields.payloadLength;
    flow.lastAtUs = packet.atUs;
    if (flow.payloadStart === "" && fields.payloadLength > 0) {
      const payload = packet.bytes.subarray(fields.payloadOffset, fields.payloadOffset + PAYLOAD_START_BYTES);
      flow.payloadStart = Buffer.from(payload).toString("hex");
    }
    return flow.packets;
  }
}

const [FIN, SYN, RST] = [1, 2, 4];

interface TcpFields {
  /** Addresses and ports as raw bytes. */
  readonly key: string;
  readonly headerLength: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
  /** SYN, FIN or RST: always kept. */
  readonly control: boolean;
}

/** The few fields that counting needs; wire/tcp.ts decodes everything, at ten times the cost per packet. */
function tcpFields(bytes: Uint8Array, length: number): TcpFields | undefined {
  const headerLength = ((bytes[0] ?? 0) & 0xf) * 4;
  if (bytes[9] !== 6 || bytes.length < headerLength + 20) return undefined;
  const flags = bytes[headerLength + 13] ?? 0;
  const payloadOffset = headerLength + ((bytes[headerLength + 12] ?? 0) >> 4) * 4;
  const addresses = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    key: addresses.toString("latin1", 12, 20) + addresses.toString("latin1", headerLength, headerLength + 4),
    headerLength,
    payloadOffset,
    // what a SYN carries (a birthday's guessed port) is no payload of the connection
    payloadLength: flags & SYN ? 0 : Math.max(0, length - payloadOffset),
    control: (flags & (FIN | SYN | RST)) !== 0,
  };
}

function endpoints(bytes: Uint8Array, headerLength: number): { src: Endpoint; dst: Endpoint } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const ip = (offset: number): string => bytes.subarray(offset, offset + 4).join(".");
  const at = (offset: number, portOffset: number): Endpoint =>
    ({ ip: ip(offset), port: view.getUint16(headerLength + portOffset) }) as Endpoint;
  return { src: at(12, 0), dst: at(16, 2) };
}

function interfaceIndex(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
}
