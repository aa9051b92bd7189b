import { ipv4ToU32, u32ToIpv4, type AddressPair, type Ipv4 } from "./address.ts";
import { concat, putU16be, putU32be, u16be, u32be, u8 } from "./bytes.ts";
import { internetChecksum } from "./checksum.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import { joinOptions, splitOptions, type RawOption } from "./options.ts";

/** RFC 791 §3.1. */
const AT = {
  version: 0,
  tos: 1,
  totalLength: 2,
  id: 4,
  fragment: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  src: 12,
  dst: 16,
};
const HEADER = 20;
const MAX_LENGTH = 0xffff;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;
const FRAGMENT_OFFSET = 0x1fff;

/** IANA protocol numbers. */
export const PROTOCOL = { icmp: 1, tcp: 6, udp: 17 } as const;

/** Loose source and record route, copied to every fragment (RFC 791 §3.1). */
const LSRR = 0x83;

export type Ipv4Option =
  | { readonly kind: "end" }
  | { readonly kind: "nop" }
  /** `pointer` counts from 1 at the option's first byte: 4 means no hop has been taken. */
  | { readonly kind: "lsrr"; readonly pointer: number; readonly route: readonly Ipv4[] }
  | { readonly kind: "unknown"; readonly type: number; readonly data: Uint8Array }
  | { readonly kind: "malformed"; readonly bytes: Uint8Array };

/** What a sender decides about a packet. */
export interface Ipv4Fields extends AddressPair {
  readonly ttl: number;
  readonly id: number;
  readonly protocol: number;
  readonly tos?: number;
  readonly dontFragment?: boolean;
  readonly moreFragments?: boolean;
  /** In bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly options?: readonly Ipv4Option[];
  readonly payload: Uint8Array;
}

/** A decoded packet. `payload` is a view into the input and, in a truncated capture, shorter than `payloadLength`. */
export interface Ipv4Packet extends Required<Ipv4Fields> {
  readonly headerLength: number;
  /** Header and payload as the sender sent them, in bytes. */
  readonly totalLength: number;
  readonly payloadLength: number;
  readonly checksum: number;
}

/** Reads a packet, whole or cut after its header; bytes behind its total length (link padding) are left out. */
export function decodeIpv4(bytes: Uint8Array): Decoded<Ipv4Packet> {
  if (bytes.length < HEADER) return malformed(`IPv4 header cut: ${bytes.length} of ${HEADER} bytes`);
  const [version, headerLength] = [u8(bytes, AT.version) >> 4, (u8(bytes, AT.version) & 0xf) * 4];
  const [totalLength, fragment] = [u16be(bytes, AT.totalLength), u16be(bytes, AT.fragment)];
  if (version !== 4) return malformed(`IP version ${version}, not 4`);
  if (headerLength < HEADER) return malformed(`IPv4 header length ${headerLength} is below ${HEADER}`);
  if (bytes.length < headerLength) return malformed(`IPv4 options cut: ${bytes.length} of ${headerLength} bytes`);
  if (totalLength < headerLength) return malformed(`IPv4 total length ${totalLength} is below the header's`);
  return decoded({
    src: u32ToIpv4(u32be(bytes, AT.src)),
    dst: u32ToIpv4(u32be(bytes, AT.dst)),
    ttl: u8(bytes, AT.ttl),
    id: u16be(bytes, AT.id),
    protocol: u8(bytes, AT.protocol),
    tos: u8(bytes, AT.tos),
    dontFragment: (fragment & DONT_FRAGMENT) !== 0,
    moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
    fragmentOffset: (fragment & FRAGMENT_OFFSET) * 8,
    options: headerLength === HEADER ? [] : splitOptions(bytes.subarray(HEADER, headerLength)).map(typedOption),
    payload: bytes.subarray(headerLength, totalLength),
    headerLength,
    totalLength,
    payloadLength: totalLength - headerLength,
    checksum: u16be(bytes, AT.checksum),
  });
}

/** Lays a packet out with lengths and header checksum. Throws RangeError where options or payload do not fit. */
export function encodeIpv4(fields: Ipv4Fields): Uint8Array {
  const options = joinOptions((fields.options ?? []).map(rawOption));
  const headerLength = HEADER + options.length;
  const totalLength = headerLength + fields.payload.length;
  if (totalLength > MAX_LENGTH) throw new RangeError(`IPv4 packet of ${totalLength} bytes is above ${MAX_LENGTH}`);
  const bytes = new Uint8Array(totalLength);
  bytes[AT.version] = 0x40 | (headerLength / 4);
  bytes[AT.tos] = fields.tos ?? 0;
  putU16be(bytes, AT.totalLength, totalLength);
  putU16be(bytes, AT.id, fields.id);
  putU16be(bytes, AT.fragment, fragmentWord(fields));
  bytes[AT.ttl] = fields.ttl;
  bytes[AT.protocol] = fields.protocol;
  putU32be(bytes, AT.src, ipv4ToU32(fields.src));
  putU32be(bytes, AT.dst, ipv4ToU32(fields.dst));
  bytes.set(options, HEADER);
  putU16be(bytes, AT.checksum, internetChecksum(bytes.subarray(0, headerLength)));
  bytes.set(fields.payload, headerLength);
  return bytes;
}

/** Whether the header's checksum is right; false where the header is cut. */
export function verifyIpv4Checksum(bytes: Uint8Array): boolean {
  const headerLength = (u8(bytes, AT.version) & 0xf) * 4;
  return (
    headerLength >= HEADER && bytes.length >= headerLength && internetChecksum(bytes.subarray(0, headerLength)) === 0
  );
}

function fragmentWord({ dontFragment = false, moreFragments = false, fragmentOffset = 0 }: Ipv4Fields): number {
  return (dontFragment ? DONT_FRAGMENT : 0) | (moreFragments ? MORE_FRAGMENTS : 0) | (fragmentOffset >> 3);
}

function typedOption(option: RawOption): Ipv4Option {
  if (option.kind !== "tlv") return option;
  const { type, data } = option;
  if (type !== LSRR || data.length % 4 !== 1) return { kind: "unknown", type, data };
  const route: Ipv4[] = [];
  for (let at = 1; at < data.length; at += 4) route.push(u32ToIpv4(u32be(data, at)));
  return { kind: "lsrr", pointer: u8(data, 0), route };
}

function rawOption(option: Ipv4Option): RawOption {
  switch (option.kind) {
    case "lsrr":
      return { kind: "tlv", type: LSRR, data: concat([Uint8Array.of(option.pointer), ...option.route.map(octets)]) };
    case "unknown":
      return { kind: "tlv", type: option.type, data: option.data };
    case "end":
    case "nop":
    case "malformed":
      return option;
  }
}

function octets(ip: Ipv4): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32be(bytes, 0, ipv4ToU32(ip));
  return bytes;
}
