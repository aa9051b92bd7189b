import type { AddressPair, Endpoint, Port } from "./address.ts";
import { putU16be, putU32be, u16be, u32be, u8 } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from "./ipv4.ts";

/** RFC 792. */
const AT = { type: 0, code: 1, checksum: 2, rest: 4, quoted: 8 };
const TYPE = { "destination-unreachable": 3, "time-exceeded": 11 } as const;
/** An error is at most 576 bytes long with its own IP header of 20 and ICMP header of 8 (RFC 1812 §4.3.2.3). */
const MAX_QUOTE = 576 - 20 - 8;

/** Codes of destination-unreachable: RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7.1. */
export const UNREACHABLE = {
  network: 0,
  host: 1,
  protocol: 2,
  port: 3,
  fragmentationNeeded: 4,
  sourceRouteFailed: 5,
  hostProhibited: 10,
  adminProhibited: 13,
} as const;

/** Codes of time-exceeded. */
export const TIME_EXCEEDED = { transit: 0, reassembly: 1 } as const;

/** What an error says about the packet that caused it, as far as the quoted bytes reach. */
export interface OriginalDatagram extends AddressPair {
  readonly protocol: number;
  readonly ttl: number;
  readonly id: number;
  readonly totalLength: number;
  readonly transport:
    | { readonly kind: "tcp"; readonly srcPort: Port; readonly dstPort: Port; readonly seq: number }
    | { readonly kind: "udp"; readonly srcPort: Port; readonly dstPort: Port }
    /** Another protocol, a later fragment, or a quote that ends before the ports. */
    | { readonly kind: "none" };
}

export interface IcmpErrorFields {
  readonly kind: keyof typeof TYPE;
  readonly code: number;
  /** The header's second word: 0, or the next hop's MTU in its low half (RFC 1191 §4, fragmentation needed). */
  readonly rest?: number;
  /** The causing packet from its IP header on. */
  readonly quoted: Uint8Array;
}

export interface IcmpError extends Required<IcmpErrorFields> {
  readonly original: Decoded<OriginalDatagram>;
}

/** `quoted` and `body` are views into the input. */
export type IcmpMessage =
  IcmpError | { readonly kind: "other"; readonly type: number; readonly code: number; readonly body: Uint8Array };

/** Reads an ICMP message (an IPv4 packet's payload). */
export function decodeIcmp(bytes: Uint8Array): Decoded<IcmpMessage> {
  if (bytes.length < AT.quoted) return malformed(`ICMP header cut: ${bytes.length} of ${AT.quoted} bytes`);
  const [type, code] = [u8(bytes, AT.type), u8(bytes, AT.code)];
  const kind = type === TYPE["time-exceeded"] ? "time-exceeded" : "destination-unreachable";
  if (type !== TYPE[kind]) return decoded({ kind: "other", type, code, body: bytes.subarray(AT.rest) });
  const quoted = bytes.subarray(AT.quoted);
  return decoded({ kind, code, rest: u32be(bytes, AT.rest), quoted, original: decodeOriginal(quoted) });
}

/** An error about a TCP segment: which one, by its endpoints as the quote has them. */
export interface TcpError {
  readonly kind: IcmpError["kind"];
  readonly type: number;
  readonly code: number;
  readonly src: Endpoint;
  readonly dst: Endpoint;
}

/** What an IPv4 packet says of a TCP segment that did not arrive; undefined where it is no such error. */
export function tcpErrorOf({ protocol, payload }: Ipv4Packet): TcpError | undefined {
  if (protocol !== PROTOCOL.icmp) return undefined;
  const icmp = decodeIcmp(payload);
  if (!icmp.ok || icmp.value.kind === "other" || !icmp.value.original.ok) return undefined;
  const { kind, code, original } = icmp.value;
  const { src, dst, transport } = original.value;
  if (transport.kind !== "tcp") return undefined;
  const ends = { src: { ip: src, port: transport.srcPort }, dst: { ip: dst, port: transport.dstPort } };
  return { kind, type: TYPE[kind], code, ...ends };
}

/** Lays an error out with its checksum; a quote longer than RFC 1812 allows is cut. */
export function encodeIcmpError(fields: IcmpErrorFields): Uint8Array {
  const quoted = fields.quoted.subarray(0, MAX_QUOTE);
  const bytes = new Uint8Array(AT.quoted + quoted.length);
  bytes[AT.type] = TYPE[fields.kind];
  bytes[AT.code] = fields.code;
  putU32be(bytes, AT.rest, fields.rest ?? 0);
  bytes.set(quoted, AT.quoted);
  putU16be(bytes, AT.checksum, internetChecksum(bytes));
  return bytes;
}

/** Whether a whole message's checksum is right. */
export function verifyIcmpChecksum(bytes: Uint8Array): boolean {
  return bytes.length >= AT.quoted && internetChecksum(bytes) === 0;
}

function decodeOriginal(quoted: Uint8Array): Decoded<OriginalDatagram> {
  const packet = decodeIpv4(quoted);
  if (!packet.ok) return packet;
  const { src, dst, protocol, ttl, id, totalLength, fragmentOffset, payload } = packet.value;
  const transport = fragmentOffset === 0 ? transportOf(protocol, payload) : { kind: "none" as const };
  return decoded({ src, dst, protocol, ttl, id, totalLength, transport });
}

function transportOf(protocol: number, payload: Uint8Array): OriginalDatagram["transport"] {
  const [srcPort, dstPort] = [u16be(payload, 0) as Port, u16be(payload, 2) as Port];
  if (protocol === PROTOCOL.tcp && payload.length >= 8)
    return { kind: "tcp", srcPort, dstPort, seq: u32be(payload, 4) };
  if (protocol === PROTOCOL.udp && payload.length >= 4) return { kind: "udp", srcPort, dstPort };
  return { kind: "none" };
}
