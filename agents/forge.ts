import type { Endpoint, Ipv4, Port } from "../wire/address.ts";
import { PROTOCOL, encodeIpv4 } from "../wire/ipv4.ts";
import type { SynReport } from "../wire/rendezvous.ts";
import type { TcpOption } from "../wire/tcp-options.ts";
import { LINUX_WINDOW, TCP_FLAG, encodeTcp } from "../wire/tcp.ts";
import { FULL_TTL, type XAction } from "./technique/machine.ts";

type ForgeSynAck = Extract<XAction, { kind: "forge-syn-ack" }>;
type Spray = Extract<XAction, { kind: "spray" }>;

/**
 * The SYN+ACK that the host behind `from` would have answered to `syn`: its own ISN, window and options (`of`), our SYN
 * acknowledged, our timestamp echoed (RFC 7323 section 3.2). A wrong echo is answered with RST, a missing window scale
 * ruins the throughput, a wrong sequence number gives a connection without data.
 */
export function forgeSynAck({ from, to, syn, of }: ForgeSynAck): Uint8Array {
  return datagram(from, to, {
    seq: of.isn,
    ack: (syn.isn + 1) >>> 0,
    window: of.window,
    options: answerOptions(syn, of),
  });
}

/** Options only where both SYNs carried them, in Linux's own order and padding. */
function answerOptions(syn: SynReport, of: SynReport): readonly TcpOption[] {
  const options: TcpOption[] = [];
  if (of.mss !== undefined) options.push({ kind: "mss", bytes: of.mss });
  const sack = syn.sackPermitted && of.sackPermitted;
  if (syn.tsval !== undefined && of.tsval !== undefined) {
    if (sack) options.push({ kind: "sackPermitted" });
    else options.push({ kind: "nop" }, { kind: "nop" });
    options.push({ kind: "timestamps", tsval: of.tsval, tsecr: syn.tsval });
  } else if (sack) options.push({ kind: "nop" }, { kind: "nop" }, { kind: "sackPermitted" });
  if (syn.windowScale !== undefined && of.windowScale !== undefined)
    options.push({ kind: "nop" }, { kind: "windowScale", shift: of.windowScale });
  return options;
}

/** The birthday's SYN+ACKs to `ports` of one NAT, each carrying its own destination port as payload (big-endian). */
export function* sprayDatagrams({ from, to, isn }: Spray, ports: readonly number[]): Generator<Uint8Array> {
  for (const port of ports) {
    const payload = Uint8Array.of(port >> 8, port & 0xff);
    const target = { ip: to as Ipv4, port: port as Port };
    yield datagram(from, target, { seq: isn, ack: (isn + 1) >>> 0, window: LINUX_WINDOW, payload });
  }
}

interface Answer {
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly options?: readonly TcpOption[];
  readonly payload?: Uint8Array;
}

function datagram(from: Endpoint, to: Endpoint, answer: Answer): Uint8Array {
  const addresses = { src: from.ip, dst: to.ip };
  const flags = TCP_FLAG.syn | TCP_FLAG.ack;
  const payload = encodeTcp({ srcPort: from.port, dstPort: to.port, flags, ...answer }, addresses);
  return encodeIpv4({ ...addresses, ttl: FULL_TTL, id: 0, protocol: PROTOCOL.tcp, dontFragment: true, payload });
}
