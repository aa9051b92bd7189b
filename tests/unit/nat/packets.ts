import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { ipv4, port } from "../../../wire/address.ts";
import { decodeIcmp, encodeIcmpError, type IcmpError } from "../../../wire/icmp.ts";
import { decodeIpv4, encodeIpv4, PROTOCOL, type Ipv4Option, type Ipv4Packet } from "../../../wire/ipv4.ts";
import { decodeTcp, encodeTcp, TCP_FLAG, type TcpFields, type TcpSegment } from "../../../wire/tcp.ts";
import type { Namespace } from "./namespace.ts";

/** A packet that a host saw. */
export interface Seen {
  readonly direction: "in" | "out";
  readonly ip: Ipv4Packet;
  readonly bytes: Uint8Array;
  readonly tcp?: TcpSegment;
  readonly icmp?: IcmpError;
}

export interface Segment {
  readonly from: readonly [string, number];
  readonly to: readonly [string, number];
  /** Names of control bits, e.g. `syn ack`. */
  readonly flags: string;
  readonly seq?: number;
  readonly ack?: number;
  readonly ttl?: number;
  readonly ipOptions?: readonly Ipv4Option[];
  readonly options?: TcpFields["options"];
  readonly payload?: Uint8Array;
  /** Whom the checksum names, where it is not whom the packet is sent to. */
  readonly finally?: string;
}

/** A TCP segment as an IP packet. */
function segmentBytes(segment: Segment): Uint8Array {
  const { from, to, flags, seq = 1000, ack = 0, ttl = 64, ipOptions = [] } = segment;
  const [src, dst] = [ipv4(from[0]), ipv4(to[0])];
  const payload = encodeTcp(
    {
      srcPort: port(from[1]),
      dstPort: port(to[1]),
      seq,
      ack,
      flags: flags.split(" ").reduce((sum, name) => sum + TCP_FLAG[name as keyof typeof TCP_FLAG], 0),
      window: 64_240,
      options: segment.options ?? [],
      payload: segment.payload ?? new Uint8Array(0),
    },
    { src, dst: segment.finally === undefined ? dst : ipv4(segment.finally) },
  );
  return encodeIpv4({ src, dst, ttl, id: 7, protocol: PROTOCOL.tcp, options: ipOptions, payload });
}

/** A router's time-exceeded about `packet`, to its sender, as an IP packet. */
export function timeExceededBytes(from: string, packet: Uint8Array): Uint8Array {
  const original = decodeIpv4(packet);
  if (!original.ok) throw new Error(original.error);
  const payload = encodeIcmpError({ kind: "time-exceeded", code: 0, quoted: packet });
  return encodeIpv4({ src: ipv4(from), dst: original.value.src, ttl: 64, id: 8, protocol: PROTOCOL.icmp, payload });
}

/** A host that has addresses but no TCP: what is sent and what arrives is only what a test says and the NAT does. */
export class PacketHost implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly seen: Seen[] = [];

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(namespace: Namespace): Promise<PacketHost> {
    namespace.sh("iptables-nft -A INPUT -p tcp -j DROP");
    const process = namespace.script(join(import.meta.dirname, "packet-host.ts"));
    const host = new PacketHost(process);
    const lines = createInterface({ input: process.stdout! });
    await once(lines, "line");
    lines.on("line", (line) => host.#heard(line));
    return host;
  }

  send(packet: Segment | Uint8Array): void {
    const bytes = packet instanceof Uint8Array ? packet : segmentBytes(packet);
    this.#process.stdin!.write(`${Buffer.from(bytes).toString("hex")}\n`);
  }

  /** The first packet to arrive, now or within so long, that `matches`; undefined: none did. */
  async arrival(matches: (packet: Seen) => boolean, withinMs = 3000): Promise<Seen | undefined> {
    for (const deadline = performance.now() + withinMs; ; await sleep(5)) {
      const found = this.seen.find((packet) => packet.direction === "in" && matches(packet));
      if (found || performance.now() > deadline) return found;
    }
  }

  #heard(line: string): void {
    const [direction, hex] = line.split(" ") as ["in" | "out", string];
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    const ip = decodeIpv4(bytes);
    if (!ip.ok) return;
    const tcp = ip.value.protocol === PROTOCOL.tcp ? decodeTcp(ip.value.payload) : undefined;
    const icmp = ip.value.protocol === PROTOCOL.icmp ? decodeIcmp(ip.value.payload) : undefined;
    this.seen.push({
      direction,
      bytes,
      ip: ip.value,
      ...(tcp?.ok ? { tcp: tcp.value } : {}),
      ...(icmp?.ok && icmp.value.kind !== "other" ? { icmp: icmp.value } : {}),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, "exit");
    this.#process.stdin?.end();
    await gone;
  }
}
