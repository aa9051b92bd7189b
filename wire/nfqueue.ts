import { putU32be, u16be, u32be, u8 } from "./bytes.ts";
import { decoded, malformed, type Decoded } from "./decoded.ts";
import { decodeControl, isControl, NETLINK_FLAG, type NetlinkControl, type NetlinkMessage } from "./netlink.ts";
import { decodeNetfilter, encodeNetfilter, FAMILY, SUBSYSTEM } from "./nfnetlink.ts";

// linux/netfilter/nfnetlink_queue.h

const OPERATION = { packet: 0, verdict: 1, config: 2, verdictBatch: 3 };
const NFQA = {
  packetHeader: 1,
  verdictHeader: 2,
  mark: 3,
  timestamp: 4,
  inDevice: 5,
  outDevice: 6,
  payload: 10,
  capturedLength: 13,
};
const NFQA_CONFIG = { command: 1, params: 2, maxLength: 3 };
const COMMAND_BIND = 1;
const COPY = { meta: 1, packet: 2 };
/** struct nfqnl_msg_packet_hdr, packed. */
const HEADER_AT = { id: 0, etherType: 4, hook: 6, end: 7 };
/** NF_DROP, NF_ACCEPT and NF_REPEAT (the same chains once more) of linux/netfilter.h. */
const VERDICT = { drop: 0, accept: 1, repeat: 4 } as const;

/** What the kernel hands over of each packet: nothing but its metadata, or its first `range` bytes too. */
export type QueueCopy = { readonly mode: "meta" } | { readonly mode: "packet"; readonly range: number };

export interface QueueVerdict {
  readonly queue: number;
  readonly packetId: number;
  readonly verdict: keyof typeof VERDICT;
  /** The packet's mark from here on; absent: it keeps its own. */
  readonly mark?: number;
}

export interface QueuedPacket {
  readonly type: "packet";
  readonly queue: number;
  readonly packetId: number;
  readonly etherType: number;
  /** enum nf_inet_hooks: 0 prerouting to 4 postrouting. */
  readonly hook: number;
  /** View of the IP packet as far as it was copied; empty in mode `meta`. */
  readonly payload: Uint8Array;
  /** Length of the whole packet where it is longer than `payload`. */
  readonly capturedLength?: number;
  readonly mark?: number;
  /** When the packet came in, in µs since the epoch; absent for packets of the box's own and where nobody asks for timestamps. */
  readonly atUs?: number;
  /** Interface indexes. */
  readonly inDevice?: number;
  readonly outDevice?: number;
}

/** Takes a queue over for this socket; answered by an ack. */
export function encodeQueueBind(seq: number, queue: number): Uint8Array {
  return encodeConfig(seq, queue, { type: NFQA_CONFIG.command, value: Uint8Array.of(COMMAND_BIND, 0, 0, FAMILY.ipv4) });
}

/** Sets what is copied of each packet; answered by an ack. */
export function encodeQueueCopy(seq: number, queue: number, copy: QueueCopy): Uint8Array {
  const value = new Uint8Array(5);
  putU32be(value, 0, copy.mode === "packet" ? copy.range : 0);
  value[4] = COPY[copy.mode];
  return encodeConfig(seq, queue, { type: NFQA_CONFIG.params, value });
}

/** Sets how many packets may wait in a queue (1,024 unless it is said); what comes on top is dropped. Answered by an ack. */
export function encodeQueueLength(seq: number, queue: number, packets: number): Uint8Array {
  return encodeConfig(seq, queue, { type: NFQA_CONFIG.maxLength, value: word(packets) });
}

/** Says what becomes of a queued packet; not answered unless the packet is not there (ENOENT). */
export function encodeQueueVerdict(verdict: QueueVerdict): Uint8Array {
  return encodeVerdict(OPERATION.verdict, verdict);
}

/** The same for every packet of the queue up to and including `packetId`, in the order in which they came. */
export function encodeQueueVerdicts(verdict: QueueVerdict): Uint8Array {
  return encodeVerdict(OPERATION.verdictBatch, verdict);
}

function encodeVerdict(operation: number, { queue, packetId, verdict, mark }: QueueVerdict): Uint8Array {
  const value = new Uint8Array(8);
  putU32be(value, 0, VERDICT[verdict]);
  putU32be(value, 4, packetId);
  return encodeNetfilter({
    subsystem: SUBSYSTEM.queue,
    operation,
    flags: NETLINK_FLAG.request,
    seq: 0,
    family: FAMILY.unspecified,
    resource: queue,
    attributes: [
      { type: NFQA.verdictHeader, value },
      ...(mark === undefined ? [] : [{ type: NFQA.mark, value: word(mark) }]),
    ],
  });
}

/** Reads a queued packet or the answer to a request. */
export function decodeQueue(message: NetlinkMessage): Decoded<QueuedPacket | NetlinkControl> {
  if (isControl(message)) return decodeControl(message);
  const netfilter = decodeNetfilter(message);
  if (!netfilter.ok) return netfilter;
  const { subsystem, operation, resource, attributes } = netfilter.value;
  if (subsystem !== SUBSYSTEM.queue || operation !== OPERATION.packet)
    return malformed(`netfilter message ${subsystem}/${operation} is no queued packet`);
  const header = attributes.get(NFQA.packetHeader);
  if (header === undefined || header.length < HEADER_AT.end) return malformed("queued packet without its header");
  return decoded({
    type: "packet",
    queue: resource,
    packetId: u32be(header, HEADER_AT.id),
    etherType: u16be(header, HEADER_AT.etherType),
    hook: u8(header, HEADER_AT.hook),
    payload: attributes.get(NFQA.payload) ?? new Uint8Array(0),
    ...optional("capturedLength", attributes.get(NFQA.capturedLength)),
    ...optional("mark", attributes.get(NFQA.mark)),
    ...timestamp(attributes.get(NFQA.timestamp)),
    ...optional("inDevice", attributes.get(NFQA.inDevice)),
    ...optional("outDevice", attributes.get(NFQA.outDevice)),
  });
}

function optional<K extends string>(name: K, value: Uint8Array | undefined): { readonly [P in K]?: number } {
  return value?.length === 4 ? ({ [name]: u32be(value, 0) } as { readonly [P in K]?: number }) : {};
}

/** struct nfqnl_msg_packet_timestamp: seconds and microseconds, 64 bits each; the seconds fit 32 bits until 2106. */
function timestamp(value: Uint8Array | undefined): { readonly atUs?: number } {
  return value?.length === 16 ? { atUs: u32be(value, 4) * 1e6 + u32be(value, 12) } : {};
}

function word(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32be(bytes, 0, number);
  return bytes;
}

function encodeConfig(seq: number, queue: number, attribute: { type: number; value: Uint8Array }): Uint8Array {
  return encodeNetfilter({
    subsystem: SUBSYSTEM.queue,
    operation: OPERATION.config,
    flags: NETLINK_FLAG.request | NETLINK_FLAG.ack,
    seq,
    family: FAMILY.unspecified,
    resource: queue,
    attributes: [attribute],
  });
}
