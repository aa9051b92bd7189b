import type { AddressPair, Port } from "./address.ts";
import { putU16be, putU32be, u16be, u32be, u8 } from "./bytes.ts";
import { internetChecksum, sumPseudoHeader } from "./checksum.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import { PROTOCOL } from "./ipv4.ts";
import { joinOptions, splitOptions } from "./options.ts";
import { rawTcpOption, typedTcpOption, type TcpOption } from "./tcp-options.ts";

/** RFC 9293 §3.1. */
const AT = { srcPort: 0, dstPort: 2, seq: 4, ack: 8, offsetAndFlags: 12, window: 14, checksum: 16, urgent: 18 };
const HEADER = 20;
/** The 12 bits behind the data offset: reserved bits and control bits. */
const FLAG_BITS = 0xfff;

/** The window that a Linux kernel's SYN offers over Ethernet: as many whole segments of 1,460 bytes as 65,535 bytes hold. */
export const LINUX_WINDOW = 44 * 1460;

/** Control bits (RFC 9293 §3.1; `ae` is RFC 9768 §3.1). A segment's `flags` is their sum. */
export const TCP_FLAG = {
  fin: 0x001,
  syn: 0x002,
  rst: 0x004,
  psh: 0x008,
  ack: 0x010,
  urg: 0x020,
  ece: 0x040,
  cwr: 0x080,
  ae: 0x100,
} as const;

/** What a sender decides about a segment. `seq` and `ack` are unsigned 32-bit; `window` is as sent, not scaled. */
export interface TcpFields {
  readonly srcPort: Port;
  readonly dstPort: Port;
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly window: number;
  readonly urgent?: number;
  readonly options?: readonly TcpOption[];
  readonly payload?: Uint8Array;
}

/** A decoded segment; `payload` is a view into the input. */
export interface TcpSegment extends Required<TcpFields> {
  readonly headerLength: number;
  readonly checksum: number;
}

/** Reads a segment (an IPv4 packet's payload); the header has to be whole, the payload may be cut. */
export function decodeTcp(bytes: Uint8Array): Decoded<TcpSegment> {
  if (bytes.length < HEADER) return malformed(`TCP header cut: ${bytes.length} of ${HEADER} bytes`);
  const headerLength = (u8(bytes, AT.offsetAndFlags) >> 4) * 4;
  if (headerLength < HEADER) return malformed(`TCP data offset ${headerLength} is below ${HEADER}`);
  if (bytes.length < headerLength) return malformed(`TCP options cut: ${bytes.length} of ${headerLength} bytes`);
  return decoded({
    srcPort: u16be(bytes, AT.srcPort) as Port,
    dstPort: u16be(bytes, AT.dstPort) as Port,
    seq: u32be(bytes, AT.seq),
    ack: u32be(bytes, AT.ack),
    flags: u16be(bytes, AT.offsetAndFlags) & FLAG_BITS,
    window: u16be(bytes, AT.window),
    urgent: u16be(bytes, AT.urgent),
    options: headerLength === HEADER ? [] : splitOptions(bytes.subarray(HEADER, headerLength)).map(typedTcpOption),
    payload: bytes.subarray(headerLength),
    headerLength,
    checksum: u16be(bytes, AT.checksum),
  });
}

/**
 * Lays a segment out with its checksum over `addresses`; under a source route `dst` is the final destination, not the next hop.
 * Throws RangeError where the options need more than 40 bytes.
 */
export function encodeTcp(fields: TcpFields, addresses: AddressPair): Uint8Array {
  const options = joinOptions((fields.options ?? []).map(rawTcpOption));
  const headerLength = HEADER + options.length;
  const bytes = new Uint8Array(headerLength + (fields.payload?.length ?? 0));
  putU16be(bytes, AT.srcPort, fields.srcPort);
  putU16be(bytes, AT.dstPort, fields.dstPort);
  putU32be(bytes, AT.seq, fields.seq);
  putU32be(bytes, AT.ack, fields.ack);
  putU16be(bytes, AT.offsetAndFlags, ((headerLength / 4) << 12) | (fields.flags & FLAG_BITS));
  putU16be(bytes, AT.window, fields.window);
  putU16be(bytes, AT.urgent, fields.urgent ?? 0);
  bytes.set(options, HEADER);
  if (fields.payload !== undefined) bytes.set(fields.payload, headerLength);
  putU16be(bytes, AT.checksum, segmentChecksum(bytes, addresses));
  return bytes;
}

/** Whether a whole segment's checksum is right between `addresses`. */
export function verifyTcpChecksum(bytes: Uint8Array, addresses: AddressPair): boolean {
  return bytes.length >= HEADER && segmentChecksum(bytes, addresses) === 0;
}

/** `SYN+ACK`; `none` for no flag at all; reserved bits as hexadecimal. */
export function formatFlags(flags: number): string {
  const names = Object.entries(TCP_FLAG).flatMap(([name, bit]) => (flags & bit ? [name.toUpperCase()] : []));
  const reserved = flags & FLAG_BITS & ~0x1ff;
  if (reserved !== 0) names.push(`0x${reserved.toString(16)}`);
  return names.join("+") || "none";
}

function segmentChecksum(bytes: Uint8Array, addresses: AddressPair): number {
  return internetChecksum(bytes, sumPseudoHeader(addresses, PROTOCOL.tcp, bytes.length));
}
