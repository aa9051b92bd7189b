import { ipv4ToU32, u32ToIpv4, type Endpoint, type Port } from "./address.ts";
import { putU32be, u16be, u32be, u8 } from "./bytes.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import {
  attributeMap,
  decodeControl,
  encodeAttributes,
  isControl,
  NESTED,
  NETLINK_FLAG,
  type NetlinkAttribute,
  type NetlinkControl,
  type NetlinkMessage,
} from "./netlink.ts";
import { PROTOCOL } from "./ipv4.ts";
import { decodeNetfilter, encodeNetfilter, FAMILY, SUBSYSTEM, type NetfilterMessage } from "./nfnetlink.ts";

// linux/netfilter/nfnetlink_conntrack.h, nf_conntrack_common.h, nf_conntrack_tcp.h

/** NFNLGRP_CONNTRACK_*: multicast groups of the socket's NETLINK_ADD_MEMBERSHIP. */
export const CONNTRACK_GROUP = { new: 1, update: 2, destroy: 3 } as const;

const OPERATION = { new: 0, get: 1, delete: 2 };
const CTA = { tupleOrig: 1, tupleReply: 2, status: 3, protoInfo: 4, timeout: 7, mark: 8, id: 12 };
const CTA_TUPLE = { ip: 1, proto: 2 };
const CTA_IP = { src: 1, dst: 2 };
const CTA_PROTO = { number: 1, srcPort: 2, dstPort: 3 };
const CTA_PROTOINFO_TCP = 1;
const CTA_PROTOINFO_TCP_STATE = 1;
/** IPS_*. */
const STATUS = { seenReply: 0x2, assured: 0x4, confirmed: 0x8, srcNat: 0x10, dstNat: 0x20, dying: 0x200 };

/** enum tcp_conntrack, in its order. */
export const TCP_STATES = [
  "NONE",
  "SYN_SENT",
  "SYN_RECV",
  "ESTABLISHED",
  "FIN_WAIT",
  "CLOSE_WAIT",
  "LAST_ACK",
  "TIME_WAIT",
  "CLOSE",
  "SYN_SENT2",
] as const;
export type TcpState = (typeof TCP_STATES)[number];

/** Ports are 0 in protocols that have none. */
export interface ConntrackTuple {
  readonly src: Endpoint;
  readonly dst: Endpoint;
}

export type ConntrackStatus = Readonly<Record<keyof typeof STATUS, boolean>>;

/** An IPv4 entry of the table: how it was created, changed or destroyed, or (`entry`) how a dump found it. */
export interface ConntrackEntry {
  readonly type: "new" | "update" | "destroy" | "entry";
  /** The same for all messages about one entry of one kernel. */
  readonly id: number;
  readonly protocol: number;
  /** As the first packet was seen before translation. */
  readonly orig: ConntrackTuple;
  /** As answers are expected before translation: `reply.dst` is the outside mapping of a source NAT. */
  readonly reply: ConntrackTuple;
  readonly status: ConntrackStatus;
  readonly tcpState?: TcpState;
  readonly timeoutSeconds?: number;
  readonly mark?: number;
}

export type ConntrackMessage = ConntrackEntry | NetlinkControl;

/** Asks to forget all entries; answered by an ack. */
export function encodeConntrackFlush(seq: number): Uint8Array {
  return request(OPERATION.delete, NETLINK_FLAG.request | NETLINK_FLAG.ack, seq);
}

/** Asks for all IPv4 entries; answered by `entry` messages and `done`. */
export function encodeConntrackDump(seq: number): Uint8Array {
  return request(OPERATION.get, NETLINK_FLAG.request | NETLINK_FLAG.dump, seq);
}

/** Asks to forget the TCP entry one of whose directions is `tuple`; answered by an ack, or ENOENT where there is none. */
export function encodeConntrackDelete(seq: number, { src, dst }: ConntrackTuple): Uint8Array {
  const ip = [
    { type: CTA_IP.src, value: putU32(ipv4ToU32(src.ip)) },
    { type: CTA_IP.dst, value: putU32(ipv4ToU32(dst.ip)) },
  ];
  const proto = [
    { type: CTA_PROTO.number, value: Uint8Array.of(PROTOCOL.tcp) },
    { type: CTA_PROTO.srcPort, value: putU16(src.port) },
    { type: CTA_PROTO.dstPort, value: putU16(dst.port) },
  ];
  const tuple = nest(CTA.tupleOrig, [nest(CTA_TUPLE.ip, ip), nest(CTA_TUPLE.proto, proto)]);
  return request(OPERATION.delete, NETLINK_FLAG.request | NETLINK_FLAG.ack, seq, [tuple]);
}

/** Reads an event, an entry of a dump, or the answer to a request. */
export function decodeConntrack(message: NetlinkMessage): Decoded<ConntrackMessage> {
  if (isControl(message)) return decodeControl(message);
  const netfilter = decodeNetfilter(message);
  if (!netfilter.ok) return netfilter;
  const { subsystem, operation, family } = netfilter.value;
  if (subsystem !== SUBSYSTEM.conntrack) return malformed(`netfilter subsystem ${subsystem} is not conntrack`);
  if (family !== FAMILY.ipv4) return malformed(`conntrack of address family ${family}, not IPv4`);
  const type = entryType(operation, message.flags);
  return type === undefined ? malformed(`conntrack operation ${operation}`) : decodeEntry(type, netfilter.value);
}

function request(
  operation: number,
  flags: number,
  seq: number,
  attributes: readonly NetlinkAttribute[] = [],
): Uint8Array {
  const subsystem = SUBSYSTEM.conntrack;
  return encodeNetfilter({ subsystem, operation, flags, seq, family: FAMILY.ipv4, resource: 0, attributes });
}

function nest(type: number, attributes: readonly NetlinkAttribute[]): NetlinkAttribute {
  return { type: type | NESTED, value: encodeAttributes(attributes) };
}

function putU16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value);
}

function putU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32be(bytes, 0, value);
  return bytes;
}

/** New entries, changes and dumps share one operation; ctnetlink_conntrack_event() flags the new ones, ctnetlink_fill_info() the dump. */
function entryType(operation: number, flags: number): ConntrackEntry["type"] | undefined {
  if (operation === OPERATION.delete) return "destroy";
  if (operation !== OPERATION.new) return undefined;
  if (flags & NETLINK_FLAG.multi) return "entry";
  return flags & NETLINK_FLAG.create ? "new" : "update";
}

function decodeEntry(type: ConntrackEntry["type"], { attributes }: NetfilterMessage): Decoded<ConntrackEntry> {
  const orig = tupleOf(attributes.get(CTA.tupleOrig));
  const reply = tupleOf(attributes.get(CTA.tupleReply));
  const status = attributes.get(CTA.status);
  const id = attributes.get(CTA.id);
  if (orig === undefined || reply === undefined) return malformed("conntrack entry without both tuples");
  if (status?.length !== 4 || id?.length !== 4) return malformed("conntrack entry without status or id");
  const tcpState = tcpStateOf(attributes.get(CTA.protoInfo));
  const timeout = attributes.get(CTA.timeout);
  const mark = attributes.get(CTA.mark);
  return decoded({
    type,
    id: u32be(id, 0),
    protocol: orig.protocol,
    orig: orig.tuple,
    reply: reply.tuple,
    status: statusOf(u32be(status, 0)),
    ...(tcpState === undefined ? {} : { tcpState }),
    ...(timeout?.length === 4 ? { timeoutSeconds: u32be(timeout, 0) } : {}),
    ...(mark?.length === 4 ? { mark: u32be(mark, 0) } : {}),
  });
}

function tupleOf(bytes: Uint8Array | undefined): { protocol: number; tuple: ConntrackTuple } | undefined {
  const tuple = nested(bytes);
  const ip = nested(tuple?.get(CTA_TUPLE.ip));
  const proto = nested(tuple?.get(CTA_TUPLE.proto));
  const [src, dst, protocol] = [ip?.get(CTA_IP.src), ip?.get(CTA_IP.dst), proto?.get(CTA_PROTO.number)];
  if (src?.length !== 4 || dst?.length !== 4 || protocol?.length !== 1) return undefined;
  return {
    protocol: u8(protocol, 0),
    tuple: {
      src: { ip: u32ToIpv4(u32be(src, 0)), port: portOf(proto?.get(CTA_PROTO.srcPort)) },
      dst: { ip: u32ToIpv4(u32be(dst, 0)), port: portOf(proto?.get(CTA_PROTO.dstPort)) },
    },
  };
}

function nested(bytes: Uint8Array | undefined): Map<number, Uint8Array> | undefined {
  return bytes && attributeMap(bytes);
}

function portOf(bytes: Uint8Array | undefined): Port {
  return (bytes?.length === 2 ? u16be(bytes, 0) : 0) as Port;
}

function tcpStateOf(protoInfo: Uint8Array | undefined): TcpState | undefined {
  const state = nested(nested(protoInfo)?.get(CTA_PROTOINFO_TCP))?.get(CTA_PROTOINFO_TCP_STATE);
  return state?.length === 1 ? TCP_STATES[u8(state, 0)] : undefined;
}

function statusOf(bits: number): ConntrackStatus {
  const has = (bit: number) => (bits & bit) !== 0;
  return {
    seenReply: has(STATUS.seenReply),
    assured: has(STATUS.assured),
    confirmed: has(STATUS.confirmed),
    srcNat: has(STATUS.srcNat),
    dstNat: has(STATUS.dstNat),
    dying: has(STATUS.dying),
  };
}
