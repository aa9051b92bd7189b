import { formatEndpoint, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import { decodeIcmp, type IcmpError, type OriginalDatagram } from "../../wire/icmp.ts";
import { PROTOCOL, decodeIpv4, type Ipv4Packet } from "../../wire/ipv4.ts";
import { TCP_FLAG, decodeTcp, type TcpSegment } from "../../wire/tcp.ts";

/** What a timeline says of a packet at one place. */
export type Packet = Tcp | Icmp | Other | Malformed;

interface InIpv4 {
  readonly src: Ipv4;
  /** Where it is meant to go: under a source route that is not where it goes next. */
  readonly dst: Ipv4;
  /** The next hop of its source route, where it has one still to go (RFC 791 section 3.1). */
  readonly via?: Ipv4;
  readonly ttl: number;
  readonly id: number;
}

export interface Tcp extends InIpv4 {
  readonly kind: "tcp";
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly payloadBytes: number;
}

/** An ICMP error and the packet that it quotes. */
export interface Icmp extends InIpv4 {
  readonly kind: "icmp";
  readonly error: IcmpError["kind"];
  readonly code: number;
  readonly quoted: OriginalDatagram;
}

interface Other extends InIpv4 {
  readonly kind: "other";
  readonly protocol: number;
  /** Why it could not be read further; absent: nobody asked what is in it. */
  readonly fault?: string;
}

/** No IPv4 packet at all. */
interface Malformed {
  readonly kind: "malformed";
  readonly fault: string;
}

/** A packet, and by what it is known again behind a router or a NAT; undefined where nothing would be the same there. */
export interface Read {
  readonly packet: Packet;
  readonly invariant?: string;
}

/** Reads a captured packet; what cannot be read says why. */
export function readPacket(bytes: Uint8Array): Read {
  const ip = decodeIpv4(bytes);
  if (!ip.ok) return { packet: { kind: "malformed", fault: ip.error } };
  const head = headOf(ip.value);
  if (ip.value.protocol === PROTOCOL.tcp && ip.value.fragmentOffset === 0) {
    const tcp = decodeTcp(ip.value.payload);
    if (tcp.ok) return readTcp(ip.value, head, tcp.value);
    return { packet: { kind: "other", ...head, protocol: PROTOCOL.tcp, fault: tcp.error } };
  }
  return readError(ip.value, head) ?? readOther(ip.value, head);
}

/**
 * Translation keeps a segment's flags, window and payload, its IP identification (RFC 791 section 2.3: the originator's choice), and, but for the
 * top bit, its sequence numbers: a NAT that rewrites these shifts them by half their range.
 */
function readTcp({ id, payloadLength }: Ipv4Packet, head: InIpv4, tcp: TcpSegment): Read {
  const { srcPort, dstPort, seq, ack, flags, window, payload, headerLength } = tcp;
  const payloadBytes = payloadLength - headerLength;
  const [from, to] = [
    { ip: head.src, port: srcPort },
    { ip: head.dst, port: dstPort },
  ];
  const invariant = ["tcp", id, seq % 2 ** 31, ack % 2 ** 31, flags, window, payloadBytes, textOf(payload)].join("|");
  return { packet: { kind: "tcp", ...head, from, to, seq, ack, flags, payloadBytes }, invariant };
}

/** Translation keeps what an error says, and of the quoted segment its identification and the lower bits of its sequence number. */
function readError({ protocol, payload, id, totalLength }: Ipv4Packet, head: InIpv4): Read | undefined {
  if (protocol !== PROTOCOL.icmp) return undefined;
  const icmp = decodeIcmp(payload);
  if (!icmp.ok || icmp.value.kind === "other" || !icmp.value.original.ok) return undefined;
  const { kind: error, code, original } = icmp.value;
  const quoted = original.value;
  const seq = quoted.transport.kind === "tcp" ? quoted.transport.seq % 2 ** 31 : "";
  const invariant = ["icmp", id, error, code, totalLength, quoted.protocol, quoted.id, seq].join("|");
  return { packet: { kind: "icmp", ...head, error, code, quoted }, invariant };
}

function readOther({ protocol, id, totalLength, payload }: Ipv4Packet, head: InIpv4): Read {
  // ports and checksum of UDP, or the identifier of an echo, may be another behind a NAT
  const invariant = ["other", protocol, id, totalLength, textOf(payload.subarray(8))].join("|");
  return { packet: { kind: "other", ...head, protocol }, invariant };
}

/** A source route's pointer stands behind its last address once the final destination is the packet's own. */
function headOf({ src, dst, ttl, id, options }: Ipv4Packet): InIpv4 {
  const route = options.find((option) => option.kind === "lsrr");
  const final = route?.route.at(-1);
  const going = route && final !== undefined && route.pointer <= route.route.length * 4;
  return { src, ttl, id, ...(going ? { dst: final, via: dst } : { dst }) };
}

/** Bytes as a string of as many characters, to compare and to look up by. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** `SYN`, `SYN+ACK`, `RST+ACK`: the control bits that say what a segment is for; pushing and congestion bits say nothing here. */
export function flagsText(flags: number): string {
  const names = (["syn", "fin", "rst", "ack"] as const).filter((name) => flags & TCP_FLAG[name]);
  return names.map((name) => name.toUpperCase()).join("+") || "no flags";
}

/** The endpoints of a segment as one string, for looking up what belongs to it. */
export const wayOf = ({ from, to }: Pick<Tcp, "from" | "to">): string =>
  `${formatEndpoint(from)} ${formatEndpoint(to)}`;

/** A SYN without ACK. */
export const isOpening = ({ flags }: Pick<Tcp, "flags">): boolean =>
  (flags & (TCP_FLAG.syn | TCP_FLAG.ack)) === TCP_FLAG.syn;
