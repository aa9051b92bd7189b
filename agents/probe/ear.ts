import type { Endpoint } from "../../wire/address.ts";
import { tcpErrorOf } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4 } from "../../wire/ipv4.ts";
import type { Recorder } from "../capture.ts";
import type { SeenPacket } from "../net/packet-socket.ts";
import { portsOf, segmentHead } from "../net/seen-segment.ts";

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
    if (packet.protocol === PROTOCOL.tcp) this.#hearSegment(packet);
    else if (packet.protocol === PROTOCOL.icmp && packet.direction === "in") this.#hearIcmp(packet);
  }

  #hearSegment(packet: SeenPacket): void {
    const { direction } = packet;
    const ports = portsOf(packet);
    const listeners = ports && this.#byPort.get(direction === "in" ? ports.dst : ports.src);
    const head = listeners?.size ? segmentHead(packet) : undefined;
    if (!listeners || !head) return;
    const { src, dst, ...rest } = head;
    for (const listener of listeners) listener({ kind: "segment", direction, from: src, to: dst, ...rest });
  }

  #hearIcmp({ bytes }: SeenPacket): void {
    const packet = decodeIpv4(bytes);
    const error = packet.ok ? tcpErrorOf(packet.value) : undefined;
    if (!error) return;
    const { type, src, dst } = error;
    for (const listener of this.#byPort.get(src.port) ?? []) listener({ kind: "icmp", type, from: src, to: dst });
  }
}
