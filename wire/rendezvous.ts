/**
 * The rendezvous protocol that A, B and X speak over TCP, through the NATs: one JSON object a line.
 * A session's key is agreed by the users beforehand; X does nothing for a connection whose key does not match.
 */
import type { Endpoint } from "./address.ts";

export const RENDEZVOUS_VERSION = 1;
/** A longer line ends the connection (bounded memory at X); counted in characters, which the protocol's own are one byte of each. */
export const MAX_LINE = 2048;
/** X's ports: rendezvous, the probe ports that answer with the caller's outside endpoint, and the relay. */
export const X_PORTS = { rendezvous: 7000, probes: [7001, 7002], relay: 7004 } as const;

export type HostRole = "a" | "b";
export const TECHNIQUES = ["connect", "public", "relay", "simultaneous-open", "natblaster-2", "natblaster-4"] as const;

/** How a NAT was seen to allocate outside ports (the paper's Fig. 3). */
export type Allocation =
  | { readonly kind: "preserve" }
  | { readonly kind: "sequential"; readonly delta: number }
  | { readonly kind: "consistent" }
  | { readonly kind: "random" };

/** A SYN as its sender captured it: what X needs to forge the answer. `mss` … `tsval` are absent where the option was. */
export interface SynReport {
  readonly isn: number;
  readonly window: number;
  readonly mss?: number;
  readonly windowScale?: number;
  readonly sackPermitted: boolean;
  readonly tsval?: number;
}

export type HostMessage =
  | {
      readonly t: "hello";
      readonly v: number;
      readonly session: string;
      readonly key: string;
      readonly role: HostRole;
      readonly technique: (typeof TECHNIQUES)[number];
    }
  /** The outside endpoint that the sender's next SYN is predicted to have. */
  | { readonly t: "ready"; readonly endpoint: Endpoint }
  | { readonly t: "syn"; readonly syn: SynReport }
  /** So many raw SYNs with this one ISN were sent to the peer's endpoint (birthday). */
  | { readonly t: "flood"; readonly isn: number; readonly count: number }
  /** A forged SYN+ACK came through: this is the sender's outside endpoint. */
  | { readonly t: "hit"; readonly endpoint: Endpoint }
  /** The sender's socket is ESTABLISHED, which after a forged SYN+ACK says nothing about the peer's. */
  | { readonly t: "established" }
  | { readonly t: "failed"; readonly reason: string };

export type XMessage =
  | { readonly t: "welcome"; readonly v: number; readonly observed: Endpoint }
  | { readonly t: "refused"; readonly reason: string }
  | { readonly t: "paired" }
  | { readonly t: "peer"; readonly endpoint: Endpoint }
  /** So many forged SYN+ACKs were sent to the receiver's NAT (birthday). */
  | { readonly t: "sprayed"; readonly count: number }
  /** Both sides are ESTABLISHED. */
  | { readonly t: "open" }
  | { readonly t: "peer-failed"; readonly reason: string };

/** A message, or why the line is none. Never throws: the line comes from a stranger. */
export type Parsed<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly error: string };

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

/** Printable ASCII: names and reasons end up in logs and reports. */
const isText: Check = (value) => typeof value === "string" && /^[\x20-\x7e]{1,200}$/.test(value);
const isU32: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;
const isU16: Check = (value) => isU32(value) && (value as number) <= 0xffff;
const isBoolean: Check = (value) => typeof value === "boolean";
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && allowed.includes(value);
const isOctet = (part: string): boolean => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
const isIp: Check = (value) =>
  typeof value === "string" && value.split(".").length === 4 && value.split(".").every(isOctet);
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields = value as Fields;
    return (
      Object.keys(fields).every((key) => Object.hasOwn(checks, key)) &&
      Object.entries(checks).every(([key, check]) => check(fields[key]))
    );
  };
const isEndpoint = record({ ip: isIp, port: (value) => isU16(value) && value !== 0 });
const isSyn = record({
  isn: isU32,
  window: isU16,
  mss: optional(isU16),
  windowScale: optional((value) => isU16(value) && (value as number) <= 14),
  sackPermitted: isBoolean,
  tsval: optional(isU32),
});

const HOST_CHECKS: Readonly<Record<HostMessage["t"], Readonly<Record<string, Check>>>> = {
  hello: { v: isU32, session: isText, key: isText, role: oneOf("a", "b"), technique: oneOf(...TECHNIQUES) },
  ready: { endpoint: isEndpoint },
  syn: { syn: isSyn },
  flood: { isn: isU32, count: isU16 },
  hit: { endpoint: isEndpoint },
  established: {},
  failed: { reason: isText },
};

const X_CHECKS: Readonly<Record<XMessage["t"], Readonly<Record<string, Check>>>> = {
  welcome: { v: isU32, observed: isEndpoint },
  refused: { reason: isText },
  paired: {},
  peer: { endpoint: isEndpoint },
  sprayed: { count: isU16 },
  open: {},
  "peer-failed": { reason: isText },
};

/** First line of a connection to X's relay port; everything behind it is passed on to the other side. */
export interface RelayHeader {
  readonly session: string;
  readonly key: string;
  readonly role: HostRole;
}

export function parseRelayHeader(line: string): Parsed<RelayHeader> {
  return parse<RelayHeader & { t: "relay" }>(line, { relay: { session: isText, key: isText, role: oneOf("a", "b") } });
}

export const parseHostMessage = (line: string): Parsed<HostMessage> => parse<HostMessage>(line, HOST_CHECKS);
export const parseXMessage = (line: string): Parsed<XMessage> => parse<XMessage>(line, X_CHECKS);

function parse<T>(line: string, table: Readonly<Record<string, Readonly<Record<string, Check>>>>): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, error: "not a JSON object" };
  }
  if (typeof value !== "object" || value === null) return { ok: false, error: "not a JSON object" };
  const kind = (value as Fields)["t"];
  if (typeof kind !== "string" || !Object.hasOwn(table, kind)) return { ok: false, error: "unknown message" };
  const checks = table[kind] as Readonly<Record<string, Check>>;
  if (!record({ t: isText, ...checks })(value)) return { ok: false, error: `malformed ${kind}` };
  return { ok: true, message: value as T };
}

/** Splits a stream of bytes into lines of at most MAX_LINE; `overflow` is final. */
export class LineSplitter {
  #rest = "";
  #overflow = false;

  push(chunk: string): { readonly lines: readonly string[]; readonly overflow: boolean } {
    const parts = (this.#rest + chunk).split("\n");
    this.#rest = parts.pop() ?? "";
    this.#overflow ||= [...parts, this.#rest].some((line) => line.length > MAX_LINE);
    if (this.#overflow) this.#rest = "";
    return { lines: this.#overflow ? [] : parts, overflow: this.#overflow };
  }
}
