/**
 * What a prober and X say to each other over TCP at X's port `prober`: one JSON object a line. X is the prober's hand outside: it sends
 * packets from its silent ports to the address that the prober's own connection comes from, and to no other, and tells what it sees
 * arrive at these ports. All that a test means is known to the prober alone.
 */
import type { Endpoint, Ipv4 } from "./address.ts";
import {
  isEndpoint,
  isIp,
  isPort,
  isText,
  isU16,
  isU32,
  isU8,
  isWhole,
  listOf,
  oneOf,
  parseMessage,
  record,
  type Dialect,
  type Parsed,
} from "./json-line.ts";

export const PROBE_VERSION = 1;
/** Most payload bytes of a segment that X is asked to send. */
const MAX_PAYLOAD = 64;

/** ICMP errors that X sends as if a segment that it saw had died. */
export const ICMP_ERRORS = ["time-exceeded", "unreachable"] as const;
export type IcmpErrorName = (typeof ICMP_ERRORS)[number];

export type ProberMessage =
  | { readonly t: "hello"; readonly v: number }
  /** Send one TCP segment from one of X's silent endpoints to a port of the prober's outside address; `bytes` of payload. */
  | {
      readonly t: "segment";
      readonly id: number;
      readonly from: Endpoint;
      readonly to: number;
      readonly flags: number;
      readonly seq: number;
      readonly ack: number;
      readonly bytes: number;
    }
  /** Send an ICMP error for a SYN with `seq` that came from port `to` of the prober's outside address to X's endpoint `from`. */
  | {
      readonly t: "icmp";
      readonly id: number;
      readonly error: IcmpErrorName;
      readonly from: Endpoint;
      readonly to: number;
      readonly seq: number;
    }
  /** Tell of segments with this sequence number whatever address they come from: a NAT may let one leave untranslated. */
  | { readonly t: "watch"; readonly seq: number }
  /** Answered once everything was told that had arrived before; keeps the connection, and its mapping, alive. */
  | { readonly t: "ping" };

export type ProbeReply =
  | {
      readonly t: "welcome";
      readonly v: number;
      readonly observed: Endpoint;
      /** X's addresses, the one of this connection first. */
      readonly addresses: readonly Ipv4[];
      readonly probes: readonly number[];
      readonly silent: { readonly from: number; readonly to: number };
    }
  /** The packet asked for under `id` left X. */
  | { readonly t: "sent"; readonly id: number; readonly atUs: number }
  /** A TCP segment arrived at a silent port. */
  | {
      readonly t: "seen";
      readonly atUs: number;
      readonly src: Endpoint;
      readonly dst: Endpoint;
      readonly flags: number;
      readonly seq: number;
      readonly ack: number;
    }
  /** An ICMP error arrived for a segment that X had sent from `src` to `dst`. */
  | {
      readonly t: "seen-icmp";
      readonly atUs: number;
      readonly by: Ipv4;
      readonly type: number;
      readonly code: number;
      readonly src: Endpoint;
      readonly dst: Endpoint;
    }
  | { readonly t: "pong" }
  | { readonly t: "refused"; readonly reason: string };

const isFlags = (value: unknown): boolean => isU16(value) && (value as number) <= 0x1ff;
const isLength = (value: unknown): boolean => isU16(value) && (value as number) <= MAX_PAYLOAD;

const PROBER_CHECKS: Dialect & Record<ProberMessage["t"], unknown> = {
  hello: { v: isU32 },
  segment: { id: isU32, from: isEndpoint, to: isPort, flags: isFlags, seq: isU32, ack: isU32, bytes: isLength },
  icmp: { id: isU32, error: oneOf(...ICMP_ERRORS), from: isEndpoint, to: isPort, seq: isU32 },
  watch: { seq: isU32 },
  ping: {},
};

const REPLY_CHECKS: Dialect & Record<ProbeReply["t"], unknown> = {
  welcome: {
    v: isU32,
    observed: isEndpoint,
    addresses: listOf(isIp, 1, 8),
    probes: listOf(isPort, 1, 8),
    silent: record({ from: isPort, to: isPort }),
  },
  sent: { id: isU32, atUs: isWhole },
  seen: { atUs: isWhole, src: isEndpoint, dst: isEndpoint, flags: isFlags, seq: isU32, ack: isU32 },
  "seen-icmp": { atUs: isWhole, by: isIp, type: isU8, code: isU8, src: isEndpoint, dst: isEndpoint },
  pong: {},
  refused: { reason: isText },
};

export const parseProberMessage = (line: string): Parsed<ProberMessage> =>
  parseMessage<ProberMessage>(line, PROBER_CHECKS);
export const parseProbeReply = (line: string): Parsed<ProbeReply> => parseMessage<ProbeReply>(line, REPLY_CHECKS);
