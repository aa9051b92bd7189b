import { u32ToIpv4, type Endpoint, type Port } from "../../wire/address.ts";
import { decodeIcmp } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4 } from "../../wire/ipv4.ts";
import type { Recorder } from "../capture.ts";
import type { SeenPacket } from "../net/packet-socket.ts";

/** A packet of one of the prober's local ports, as this host's packet socket saw it. */
export type Heard =
  | {
      readonly kind: "segment";
      readonly direction: "in" | "out";
      readonly from: Endpoint;
      readonly to: Endpoint;
      readonly flags: number;
      readonly seq: number;
      readonly ack: number;
    }
  /** An ICMP error about a segment that we sent from `from` to `to`. */
  | { readonly kind: "icmp"; readonly type: number; readonly from: Endpoint; readonly to: Endpoint };

type Listener = (heard: Heard) => void;

/** Hears what arrives at and leaves from single local ports. */
export class Ear implements Disposable {
  readonly #byPort = new Map<number, Set<Listener>>();
  readonly #untap: () => void;

  constructor(recorder: Recorder) {
    this.#untap = recorder.tap((packet) => this.#hear(packet));
  }

  /** Calls `listener` with every packet of `localPort` from now on, until the returned function is called. */
  listen(localPort: number, listener: Listener): () => void {
    const listeners = this.#byPort.get(localPort) ?? new Set();
    this.#byPort.set(localPort, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#untap();
  }

  #hear(packet: SeenPacket): void {
    const protocol = packet.view.getUint8(packet.start + 9);
    if (protocol === PROTOCOL.tcp) this.#hearSegment(packet);
    else if (protocol === PROTOCOL.icmp && packet.direction === "in") this.#hearIcmp(packet);
  }

  #hearSegment({ view, start, captured, direction }: SeenPacket): void {
    const tcp = start + (view.getUint8(start) & 0xf) * 4;
    if (tcp + 20 > start + captured) return;
    const [srcPort, dstPort] = [view.getUint16(tcp), view.getUint16(tcp + 2)];
    const listeners = this.#byPort.get(direction === "in" ? dstPort : srcPort);
    if (!listeners?.size) return;
    const heard: Heard = {
      kind: "segment",
      direction,
      from: { ip: u32ToIpv4(view.getUint32(start + 12)), port: srcPort as Port },
      to: { ip: u32ToIpv4(view.getUint32(start + 16)), port: dstPort as Port },
      flags: view.getUint16(tcp + 12) & 0x1ff,
      seq: view.getUint32(tcp + 4),
      ack: view.getUint32(tcp + 8),
    };
    for (const listener of listeners) listener(heard);
  }

  #hearIcmp({ bytes }: SeenPacket): void {
    const packet = decodeIpv4(bytes);
    const icmp = packet.ok ? decodeIcmp(packet.value.payload) : packet;
    if (!icmp.ok || icmp.value.kind === "other" || !icmp.value.original.ok) return;
    const { src, dst, transport } = icmp.value.original.value;
    if (transport.kind !== "tcp") return;
    const [from, to] = [
      { ip: src, port: transport.srcPort },
      { ip: dst, port: transport.dstPort },
    ];
    const type = icmp.value.kind === "time-exceeded" ? 11 : 3;
    for (const listener of this.#byPort.get(from.port) ?? []) listener({ kind: "icmp", type, from, to });
  }
}
