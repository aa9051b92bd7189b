import { align4, concat, putU16le, putU32le, u16le, u32le } from "./bytes.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";

// linux/netlink.h. Headers are in the host's byte order; every platform that the containers run on (x86-64, arm64) is little endian.

const AT = { length: 0, type: 4, flags: 6, seq: 8, pid: 12, payload: 16 };
const ERROR_AT = { error: 0, request: 4 };
const ATTRIBUTE_HEADER = 4;
const MAX_ATTRIBUTE = 0xffff;
/** Types below this are the protocol's own (NLMSG_MIN_TYPE). */
const FIRST_SUBSYSTEM_TYPE = 0x10;
const CONTROL = { noop: 1, error: 2, done: 3, overrun: 4 };

/** NLM_F_*. In events a message is flagged `create` where it tells of a new object. */
export const NETLINK_FLAG = { request: 0x1, multi: 0x2, ack: 0x4, dump: 0x300, create: 0x400 } as const;

/** NLA_F_NESTED, set in an attribute's type. */
export const NESTED = 0x8000;
/** Without NLA_F_NESTED and NLA_F_NET_BYTEORDER. */
const TYPE_MASK = 0x3fff;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  /** Port id of the sender; 0 is the kernel, and in a request leaves it to the kernel. */
  readonly pid: number;
  readonly payload: Uint8Array;
}

/** What the protocol itself says. `errno` is positive; `seq` is that of the request it answers. */
export type NetlinkControl =
  | { readonly type: "ack"; readonly seq: number }
  | { readonly type: "error"; readonly seq: number; readonly errno: number }
  /** End of a dump; `errno` is 0 unless the dump broke off. */
  | { readonly type: "done"; readonly seq: number; readonly errno: number }
  | { readonly type: "noop" }
  /** The socket's buffer was full and messages are lost. */
  | { readonly type: "overrun" };

/** `type` carries the flag {@link NESTED} where the sender set it; see {@link attributeType}. */
export interface NetlinkAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export function encodeNetlink({ type, flags, seq, pid, payload }: NetlinkMessage): Uint8Array {
  const bytes = new Uint8Array(AT.payload + align4(payload.length));
  putU32le(bytes, AT.length, AT.payload + payload.length);
  putU16le(bytes, AT.type, type);
  putU16le(bytes, AT.flags, flags);
  putU32le(bytes, AT.seq, seq);
  putU32le(bytes, AT.pid, pid);
  bytes.set(payload, AT.payload);
  return bytes;
}

/** The messages of one datagram, payloads being views into it; `rest` is what cannot be read, empty where all is well. */
export function splitNetlink(datagram: Uint8Array): { readonly messages: NetlinkMessage[]; readonly rest: Uint8Array } {
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + AT.payload <= datagram.length) {
    const length = u32le(datagram, at + AT.length);
    if (length < AT.payload || at + length > datagram.length) break;
    messages.push({
      type: u16le(datagram, at + AT.type),
      flags: u16le(datagram, at + AT.flags),
      seq: u32le(datagram, at + AT.seq),
      pid: u32le(datagram, at + AT.pid),
      payload: datagram.subarray(at + AT.payload, at + length),
    });
    at += align4(length);
  }
  return { messages, rest: datagram.subarray(at) };
}

/** Whether a message is the protocol's own, to be read with {@link decodeControl}. */
export function isControl(message: NetlinkMessage): boolean {
  return message.type < FIRST_SUBSYSTEM_TYPE;
}

/** Reads a message of the protocol itself. */
export function decodeControl({ type, seq, payload }: NetlinkMessage): Decoded<NetlinkControl> {
  switch (type) {
    case CONTROL.noop:
      return decoded({ type: "noop" });
    case CONTROL.overrun:
      return decoded({ type: "overrun" });
    case CONTROL.done:
      return decoded({ type: "done", seq, errno: errnoOf(payload) });
    case CONTROL.error:
      if (payload.length < ERROR_AT.request) return malformed(`netlink error cut: ${payload.length} bytes`);
      return decoded(errnoOf(payload) === 0 ? { type: "ack", seq } : { type: "error", seq, errno: errnoOf(payload) });
    default:
      return malformed(`netlink message type ${type}`);
  }
}

/** One attribute, padded to 4 bytes. Throws RangeError above 65,535 bytes. */
function encodeAttribute({ type, value }: NetlinkAttribute): Uint8Array {
  const length = ATTRIBUTE_HEADER + value.length;
  if (length > MAX_ATTRIBUTE) throw new RangeError(`netlink attribute of ${length} bytes is above ${MAX_ATTRIBUTE}`);
  const bytes = new Uint8Array(align4(length));
  putU16le(bytes, 0, length);
  putU16le(bytes, 2, type);
  bytes.set(value, ATTRIBUTE_HEADER);
  return bytes;
}

export function encodeAttributes(attributes: readonly NetlinkAttribute[]): Uint8Array {
  return concat(attributes.map(encodeAttribute));
}

/** Reads attributes one behind the other; the last one's padding may be missing. */
export function decodeAttributes(bytes: Uint8Array): Decoded<NetlinkAttribute[]> {
  const attributes: NetlinkAttribute[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = u16le(bytes, at);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length)
      return malformed(`netlink attribute of ${length} bytes at ${at} of ${bytes.length}`);
    attributes.push({ type: u16le(bytes, at + 2), value: bytes.subarray(at + ATTRIBUTE_HEADER, at + length) });
    at += align4(length);
  }
  return decoded(attributes);
}

/** The attribute's type without its flags. */
export function attributeType({ type }: NetlinkAttribute): number {
  return type & TYPE_MASK;
}

/** Attributes by type, the last one winning as in the kernel's own parser; undefined where they cannot be read. */
export function attributeMap(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const attributes = decodeAttributes(bytes);
  if (!attributes.ok) return undefined;
  return new Map(attributes.value.map((attribute) => [attributeType(attribute), attribute.value]));
}

function errnoOf(payload: Uint8Array): number {
  return -(u32le(payload, ERROR_AT.error) | 0) || 0;
}
