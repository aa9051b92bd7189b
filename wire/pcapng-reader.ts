import { align4, u16be, u16le, u32be, u32le, u8 } from "./bytes.ts";
import {
  BLOCK,
  BLOCK_OVERHEAD,
  BYTE_ORDER_MAGIC,
  DIRECTION_BITS,
  OPTION,
  PACKET_FIELDS,
  type PcapngCapture,
  type PcapngInterface,
  type PcapngPacket,
} from "./pcapng.ts";

/** What a file held up to its end, or up to the first block that cannot be read (a writer that was killed leaves half a block). */
export interface PcapngRead {
  readonly capture: PcapngCapture;
  readonly end:
    { readonly kind: "complete" } | { readonly kind: "stopped"; readonly offset: number; readonly reason: string };
}

interface ByteOrder {
  readonly u16: (bytes: Uint8Array, at: number) => number;
  readonly u32: (bytes: Uint8Array, at: number) => number;
}
const LITTLE: ByteOrder = { u16: u16le, u32: u32le };
const BIG: ByteOrder = { u16: u16be, u32: u32be };

interface Clock {
  readonly ticksPerSecond: bigint;
  readonly offsetSeconds: bigint;
}

/** What has been read so far. Interfaces are numbered per section, captures count them through. */
interface Reading {
  order: ByteOrder;
  sectionStart: number;
  comment: string | undefined;
  readonly interfaces: PcapngInterface[];
  readonly clocks: Clock[];
  readonly packets: PcapngPacket[];
}

/** Reads a file of any byte order, time resolution and number of sections; blocks of other types are passed over. */
export function readPcapng(bytes: Uint8Array): PcapngRead {
  const reading: Reading = {
    order: LITTLE,
    sectionStart: 0,
    comment: undefined,
    interfaces: [],
    clocks: [],
    packets: [],
  };
  let offset = 0;
  let reason = bytes.length === 0 ? "no section header: the file is empty" : undefined;
  while (offset < bytes.length && reason === undefined) {
    const read = readBlock(reading, bytes, offset);
    if (typeof read === "number") offset += read;
    else reason = read.reason;
  }
  const { interfaces, packets, comment } = reading;
  const capture = { interfaces, packets, ...(comment === undefined ? {} : { comment }) };
  return { capture, end: reason === undefined ? { kind: "complete" } : { kind: "stopped", offset, reason } };
}

/** Takes one block in and returns its length. */
function readBlock(reading: Reading, bytes: Uint8Array, offset: number): number | { readonly reason: string } {
  const left = bytes.length - offset;
  if (left < BLOCK_OVERHEAD) return { reason: `block header cut: ${left} of ${BLOCK_OVERHEAD} bytes` };
  // The section's type reads the same in both byte orders.
  const isSection = u32le(bytes, offset) === BLOCK.section;
  if (offset === 0 && !isSection) return { reason: "no section header: not a pcapng file" };
  if (isSection && u32le(bytes, offset + 8) !== BYTE_ORDER_MAGIC && u32be(bytes, offset + 8) !== BYTE_ORDER_MAGIC)
    return { reason: "unknown byte order" };
  if (isSection) reading.order = u32le(bytes, offset + 8) === BYTE_ORDER_MAGIC ? LITTLE : BIG;
  const length = reading.order.u32(bytes, offset + 4);
  if (length < BLOCK_OVERHEAD || length % 4 !== 0) return { reason: `block length ${length}` };
  if (length > left) return { reason: `block cut: ${left} of ${length} bytes` };
  if (reading.order.u32(bytes, offset + length - 4) !== length) return { reason: "block lengths disagree" };
  const fault = takeBlock(reading, reading.order.u32(bytes, offset), bytes.subarray(offset + 8, offset + length - 4));
  return fault === undefined ? length : { reason: fault };
}

/** Returns what is wrong with the block's body, if anything is. */
function takeBlock(reading: Reading, type: number, body: Uint8Array): string | undefined {
  switch (type) {
    case BLOCK.section:
      return takeSection(reading, body);
    case BLOCK.interface:
      return takeInterface(reading, body);
    case BLOCK.enhancedPacket:
      return takePacket(reading, body);
    default:
      return undefined;
  }
}

function takeSection(reading: Reading, body: Uint8Array): string | undefined {
  if (body.length < 16) return "section header too short";
  reading.sectionStart = reading.interfaces.length;
  reading.comment ??= text(optionsOf(reading.order, body, 16).get(OPTION.comment));
  return undefined;
}

function takeInterface(reading: Reading, body: Uint8Array): string | undefined {
  if (body.length < 8) return "interface description too short";
  const options = optionsOf(reading.order, body, 8);
  const description = text(options.get(OPTION.ifDescription));
  const name = text(options.get(OPTION.ifName)) ?? "";
  const linkType = reading.order.u16(body, 0);
  reading.interfaces.push({ name, ...(description === undefined ? {} : { description }), linkType });
  const offset = options.get(OPTION.ifOffset);
  const ticksPerSecond = resolution(options.get(OPTION.ifResolution));
  reading.clocks.push({ ticksPerSecond, offsetSeconds: offset?.length === 8 ? signed64(reading.order, offset) : 0n });
  return undefined;
}

function takePacket(
  { order, sectionStart, interfaces, clocks, packets }: Reading,
  body: Uint8Array,
): string | undefined {
  if (body.length < PACKET_FIELDS.bytes) return "packet block too short";
  const iface = sectionStart + order.u32(body, PACKET_FIELDS.iface);
  const clock = clocks[iface];
  if (clock === undefined) return `packet of interface ${iface}, of which there are ${interfaces.length}`;
  const captured = order.u32(body, PACKET_FIELDS.captured);
  if (captured > body.length - PACKET_FIELDS.bytes) return `packet of ${captured} bytes in a block of ${body.length}`;
  const options = optionsOf(order, body, PACKET_FIELDS.bytes + align4(captured));
  const comment = text(options.get(OPTION.comment));
  packets.push({
    iface,
    atUs: microseconds(clock, order.u32(body, PACKET_FIELDS.timeHigh), order.u32(body, PACKET_FIELDS.timeLow)),
    bytes: body.subarray(PACKET_FIELDS.bytes, PACKET_FIELDS.bytes + captured),
    originalLength: order.u32(body, PACKET_FIELDS.original),
    direction: directionOf(order, options.get(OPTION.packetFlags)),
    ...(comment === undefined ? {} : { comment }),
  });
  return undefined;
}

/** The first value of each option from `at` on; a list that is cut ends where it is cut. */
function optionsOf(order: ByteOrder, body: Uint8Array, at: number): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  while (at + 4 <= body.length) {
    const [code, length] = [order.u16(body, at), order.u16(body, at + 2)];
    if (code === OPTION.end || at + 4 + length > body.length) break;
    if (!options.has(code)) options.set(code, body.subarray(at + 4, at + 4 + length));
    at += 4 + align4(length);
  }
  return options;
}

function text(value: Uint8Array | undefined): string | undefined {
  return value && new TextDecoder().decode(value);
}

/** if_tsresol (§4.2): a power of ten, or of two where the highest bit is set; µs by default. */
function resolution(value: Uint8Array | undefined): bigint {
  const exponent = value?.length === 1 ? u8(value, 0) : 6;
  return exponent & 0x80 ? 2n ** BigInt(exponent & 0x7f) : 10n ** BigInt(exponent);
}

function signed64(order: ByteOrder, value: Uint8Array): bigint {
  const [first, second] = [BigInt(order.u32(value, 0)), BigInt(order.u32(value, 4))];
  return BigInt.asIntN(64, order === BIG ? (first << 32n) | second : (second << 32n) | first);
}

function microseconds({ ticksPerSecond, offsetSeconds }: Clock, high: number, low: number): number {
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  return Number((ticks * 1_000_000n) / ticksPerSecond + offsetSeconds * 1_000_000n);
}

function directionOf(order: ByteOrder, flags: Uint8Array | undefined): PcapngPacket["direction"] {
  const bits = flags?.length === 4 ? order.u32(flags, 0) & 3 : DIRECTION_BITS.unknown;
  if (bits === DIRECTION_BITS.inbound) return "inbound";
  return bits === DIRECTION_BITS.outbound ? "outbound" : "unknown";
}
