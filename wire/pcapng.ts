import { align4, concat, putU16le, putU32le } from "./bytes.ts";

// draft-ietf-opsawg-pcapng; sections of that draft at the constants. Written little endian, which §4.1 leaves to the writer.

/** Block types (§4.1 to §4.3). */
export const BLOCK = { section: 0x0a0d0d0a, interface: 1, enhancedPacket: 6 } as const;
/** Option codes: all blocks §3.5, interface §4.2, enhanced packet §4.3. */
export const OPTION = {
  end: 0,
  comment: 1,
  ifName: 2,
  ifDescription: 3,
  ifResolution: 9,
  ifOffset: 14,
  packetFlags: 2,
} as const;
/** Read in the section's own byte order this tells which one it is (§4.1). */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Bits 0 and 1 of the packet flags (§4.3.1). */
export const DIRECTION_BITS = { unknown: 0, inbound: 1, outbound: 2 } as const;
/** A block begins with type and length and ends with its length again. */
export const BLOCK_OVERHEAD = 12;
/** Fixed part of an enhanced packet block's body: interface, two halves of the time, captured and original length. */
export const PACKET_FIELDS = { iface: 0, timeHigh: 4, timeLow: 8, captured: 12, original: 16, bytes: 20 } as const;

/** Packets begin with their IP header. */
export const LINKTYPE_RAW = 101;
const VERSION_MAJOR = 1;
/** The section's length is not known in advance. */
const UNKNOWN_LENGTH = 0xffffffff;
/** if_tsresol: 10^-6 s. */
const MICROSECONDS = 6;
const MAX_OPTION = 0xffff;

export interface PcapngInterface {
  readonly name: string;
  readonly description?: string;
  /** {@link LINKTYPE_RAW} where nothing else is said. */
  readonly linkType?: number;
}

export interface PcapngPacket {
  /** Index into the interfaces. */
  readonly iface: number;
  /** Whole µs since 1970. */
  readonly atUs: number;
  /** The captured bytes. */
  readonly bytes: Uint8Array;
  /** Length on the link, at least that of `bytes`. */
  readonly originalLength: number;
  readonly direction: keyof typeof DIRECTION_BITS;
  readonly comment?: string;
}

export interface PcapngCapture {
  readonly interfaces: readonly PcapngInterface[];
  readonly packets: readonly PcapngPacket[];
  readonly comment?: string;
}

/** A capture as a file of one section. */
export function renderPcapng({ interfaces, packets, comment }: PcapngCapture): Uint8Array {
  return concat([encodeSection(comment), ...interfaces.map(encodeInterface), ...packets.map(encodePacket)]);
}

/** Section header block: the first bytes of a file. */
export function encodeSection(comment?: string): Uint8Array {
  const fields = new Uint8Array(16);
  putU32le(fields, 0, BYTE_ORDER_MAGIC);
  putU16le(fields, 4, VERSION_MAJOR);
  putU32le(fields, 8, UNKNOWN_LENGTH);
  putU32le(fields, 12, UNKNOWN_LENGTH);
  return block(BLOCK.section, [fields, ...textOption(OPTION.comment, comment)]);
}

/** Interface description block; the n-th one of a section is what packets call interface n. */
export function encodeInterface({ name, description, linkType = LINKTYPE_RAW }: PcapngInterface): Uint8Array {
  const fields = new Uint8Array(8);
  putU16le(fields, 0, linkType);
  const options = [...textOption(OPTION.ifName, name), ...textOption(OPTION.ifDescription, description)];
  return block(BLOCK.interface, [fields, ...options, option(OPTION.ifResolution, Uint8Array.of(MICROSECONDS))]);
}

/** Enhanced packet block. */
export function encodePacket({ iface, atUs, bytes, originalLength, direction, comment }: PcapngPacket): Uint8Array {
  const body = new Uint8Array(PACKET_FIELDS.bytes + align4(bytes.length));
  putU32le(body, PACKET_FIELDS.iface, iface);
  putU32le(body, PACKET_FIELDS.timeHigh, Math.floor(atUs / 2 ** 32));
  putU32le(body, PACKET_FIELDS.timeLow, atUs % 2 ** 32);
  putU32le(body, PACKET_FIELDS.captured, bytes.length);
  putU32le(body, PACKET_FIELDS.original, originalLength);
  body.set(bytes, PACKET_FIELDS.bytes);
  return block(BLOCK.enhancedPacket, [body, ...textOption(OPTION.comment, comment), ...directionOption(direction)]);
}

/** A block of parts that are padded already; the list of options is closed where there is one. */
function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const closed = parts.length > 1 ? [...parts, new Uint8Array(4)] : parts;
  const body = concat(closed);
  const bytes = new Uint8Array(BLOCK_OVERHEAD + body.length);
  putU32le(bytes, 0, type);
  putU32le(bytes, 4, bytes.length);
  bytes.set(body, 8);
  putU32le(bytes, bytes.length - 4, bytes.length);
  return bytes;
}

function option(code: number, value: Uint8Array): Uint8Array {
  if (value.length > MAX_OPTION) throw new RangeError(`pcapng option of ${value.length} bytes is above ${MAX_OPTION}`);
  const bytes = new Uint8Array(4 + align4(value.length));
  putU16le(bytes, 0, code);
  putU16le(bytes, 2, value.length);
  bytes.set(value, 4);
  return bytes;
}

function textOption(code: number, text: string | undefined): Uint8Array[] {
  return text === undefined ? [] : [option(code, new TextEncoder().encode(text))];
}

function directionOption(direction: PcapngPacket["direction"]): Uint8Array[] {
  if (direction === "unknown") return [];
  return [option(OPTION.packetFlags, Uint8Array.of(DIRECTION_BITS[direction], 0, 0, 0))];
}
