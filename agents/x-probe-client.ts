import type { Socket } from "node:net";
import { port, type Endpoint, type Ipv4 } from "../wire/address.ts";
import { tcpErrorOf } from "../wire/icmp.ts";
import { PROTOCOL, decodeIpv4 } from "../wire/ipv4.ts";
import { PROBE_VERSION, parseProberMessage, type ProbeReply, type ProberMessage } from "../wire/probe.ts";
import { LineSplitter, X_PORTS } from "../wire/rendezvous.ts";
import { Allowance } from "./allowance.ts";
import type { Recorder } from "./capture.ts";
import { nowUs } from "./channel.ts";
import { addressesBeside } from "./net/addresses.ts";
import type { SeenPacket } from "./net/packet-socket.ts";
import type { PacketSender } from "./packet-sender.ts";
import { portsOf, segmentHead } from "./net/seen-segment.ts";
import { icmpDatagram, segmentDatagram } from "./probe/datagram.ts";
import { refuse } from "./x-refusal.ts";

/** A client that says nothing for so long is gone; probers ping. */
const IDLE_MS = 60_000;
/** Packets one client may have sent. */
const PACKETS = { total: 20_000, burst: 500, perSecond: 200 } as const;
/** Sequence numbers one client may watch for. */
const MAX_WATCHED = 256;
/** A welcome tells no more of X's own addresses. */
const MAX_ADDRESSES = 8;
/** A client that does not read what it asked for is cut off. */
const MAX_UNREAD_BYTES = 256 << 10;

/** One prober's connection, as X serves it. */
export class ProbeClient {
  readonly #stream: Socket;
  readonly #recorder: Recorder;
  readonly #sender: PacketSender;
  readonly #outside: Endpoint;
  readonly #addresses: readonly Ipv4[];
  readonly #watched = new Set<number>();
  #greeted = false;
  readonly #allowance = new Allowance(PACKETS);

  constructor(stream: Socket, recorder: Recorder, sender: PacketSender) {
    this.#stream = stream;
    this.#recorder = recorder;
    this.#sender = sender;
    this.#outside = { ip: (stream.remoteAddress ?? "0.0.0.0") as Ipv4, port: port(stream.remotePort ?? 0) };
    this.#addresses = addressesBeside((stream.localAddress ?? "0.0.0.0") as Ipv4).slice(0, MAX_ADDRESSES);
    stream.setTimeout(IDLE_MS, () => refuse(stream, "silent for too long"));
    const splitter = new LineSplitter();
    stream.on("data", (chunk: Buffer) => {
      const { lines, overflow } = splitter.push(chunk.toString("utf8"));
      const refusal = overflow ? "line too long" : this.#hearAll(lines);
      if (refusal !== undefined) refuse(stream, refusal);
    });
    stream.on("end", () => stream.end());
  }

  /** Tells the prober of a packet that is its own. */
  look(packet: SeenPacket): void {
    if (packet.direction !== "in" || !this.#greeted) return;
    if (packet.protocol === PROTOCOL.tcp) this.#lookAtSegment(packet);
    else if (packet.protocol === PROTOCOL.icmp) this.#lookAtIcmp(packet);
  }

  #lookAtSegment(packet: SeenPacket): void {
    const ports = portsOf(packet);
    if (!ports || ports.src === 0 || !isSilent(ports.dst)) return;
    const head = segmentHead(packet);
    if (!head || (head.src.ip !== this.#outside.ip && !this.#watched.has(head.seq))) return;
    this.#say({ t: "seen", atUs: packet.atUs, ...head });
  }

  #lookAtIcmp({ bytes, atUs }: SeenPacket): void {
    const packet = decodeIpv4(bytes);
    const error = packet.ok ? tcpErrorOf(packet.value) : undefined;
    if (!packet.ok || !error) return;
    const { type, code, src, dst } = error;
    if (dst.ip !== this.#outside.ip || !this.#addresses.includes(src.ip) || src.port === 0 || dst.port === 0) return;
    this.#say({ t: "seen-icmp", atUs, by: packet.value.src, type, code, src, dst });
  }

  /** Does what the lines ask, or says why not. */
  #hearAll(lines: readonly string[]): string | undefined {
    for (const line of lines) {
      const parsed = parseProberMessage(line);
      if (!parsed.ok) return parsed.error;
      const refusal = this.#hear(parsed.message);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #hear(message: ProberMessage): string | undefined {
    if (!this.#greeted && message.t !== "hello") return "hello must come first";
    switch (message.t) {
      case "hello":
        return this.#welcome(message.v);
      case "watch":
        if (this.#watched.size >= MAX_WATCHED) return "too many sequence numbers to watch for";
        this.#watched.add(message.seq);
        return undefined;
      case "ping":
        this.#recorder.drain();
        this.#say({ t: "pong" });
        return undefined;
      case "segment":
      case "icmp":
        return this.#send(message);
    }
  }

  #welcome(version: number): string | undefined {
    if (version !== PROBE_VERSION) return `this X speaks version ${PROBE_VERSION}, not ${version}`;
    this.#greeted = true;
    const [addresses, observed] = [this.#addresses, this.#outside];
    this.#say({
      t: "welcome",
      v: PROBE_VERSION,
      observed,
      addresses,
      probes: X_PORTS.probes,
      silent: X_PORTS.silent,
    });
    return undefined;
  }

  #send(message: Extract<ProberMessage, { t: "segment" | "icmp" }>): string | undefined {
    const { ip, port: fromPort } = message.from;
    if (!this.#addresses.includes(ip)) return "that address is not X's";
    if (!isSilent(fromPort)) return "that port is not a silent one";
    if (!this.#allowance.take(1)) return "too many packets";
    if (!this.#sender.take(1)) return "X is sending too many packets for others";
    const to = { ip: this.#outside.ip, port: port(message.to) };
    const datagram =
      message.t === "segment"
        ? segmentDatagram({ ...message, to, payload: new Uint8Array(message.bytes) })
        : icmpDatagram({ ...message, to });
    const atUs = nowUs();
    if (!this.#sender.raw.send(datagram, to.ip)) return "X's send buffer is full";
    this.#say({ t: "sent", id: message.id, atUs });
    return undefined;
  }

  #say(reply: ProbeReply): void {
    if (!this.#stream.writable) return;
    this.#stream.write(`${JSON.stringify(reply)}\n`);
    if (this.#stream.writableLength > MAX_UNREAD_BYTES) this.#stream.destroy();
  }
}

function isSilent(portNumber: number): boolean {
  return portNumber >= X_PORTS.silent.from && portNumber <= X_PORTS.silent.to;
}
