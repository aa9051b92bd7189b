import { concat, putU16be, u16be, u8 } from "./bytes.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import {
  attributeMap,
  encodeAttributes,
  encodeNetlink,
  type NetlinkAttribute,
  type NetlinkMessage,
} from "./netlink.ts";

// linux/netfilter/nfnetlink.h

/** struct nfgenmsg. */
const AT = { family: 0, version: 1, resource: 2, attributes: 4 };

/** NFNL_SUBSYS_*: the high byte of a message's type. */
export const SUBSYSTEM = { conntrack: 1, queue: 3 } as const;
export const FAMILY = { unspecified: 0, ipv4: 2 } as const;

export interface NetfilterRequest {
  readonly subsystem: number;
  /** The low byte of the message's type. */
  readonly operation: number;
  readonly flags: number;
  readonly seq: number;
  readonly family: number;
  /** What the subsystem makes of it; a queue's number. */
  readonly resource: number;
  readonly attributes: readonly NetlinkAttribute[];
}

export interface NetfilterMessage {
  readonly subsystem: number;
  readonly operation: number;
  readonly family: number;
  readonly resource: number;
  /** Values by type. */
  readonly attributes: ReadonlyMap<number, Uint8Array>;
}

/** A whole netlink message to a netfilter subsystem. */
export function encodeNetfilter(request: NetfilterRequest): Uint8Array {
  const { subsystem, operation, flags, seq, family, resource, attributes } = request;
  const header = new Uint8Array(AT.attributes);
  header[AT.family] = family;
  putU16be(header, AT.resource, resource);
  const payload = concat([header, encodeAttributes(attributes)]);
  return encodeNetlink({ type: (subsystem << 8) | operation, flags, seq, pid: 0, payload });
}

/** Reads the header that all netfilter subsystems share, and the attributes behind it. */
export function decodeNetfilter({ type, payload }: NetlinkMessage): Decoded<NetfilterMessage> {
  if (payload.length < AT.attributes) return malformed(`netfilter header cut: ${payload.length} bytes`);
  const attributes = attributeMap(payload.subarray(AT.attributes));
  if (attributes === undefined) return malformed("netfilter attributes cannot be read");
  const [family, resource] = [u8(payload, AT.family), u16be(payload, AT.resource)];
  return decoded({ subsystem: type >> 8, operation: type & 0xff, family, resource, attributes });
}
