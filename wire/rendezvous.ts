/**
 * The rendezvous protocol that A, B and X speak over TCP, through the NATs: one JSON object a line.
 * A session's key is agreed by the users beforehand; X does nothing for a connection whose key does not match.
 */
import { isPrivate, type Endpoint, type Port } from "./address.ts";
import {
  isBoolean,
  isEndpoint,
  isPort,
  isText,
  isU16,
  isU32,
  isU8,
  oneOf,
  optional,
  parseMessage,
  record,
  type Check,
  type Dialect,
  type Parsed,
} from "./json-line.ts";
import { isOffer, type Offer } from "./traits.ts";

export const RENDEZVOUS_VERSION = 2;
/** A longer line ends the connection (bounded memory at X); counted in characters, which the protocol's own are one byte of each. */
export const MAX_LINE = 2048;
/**
 * X's ports: rendezvous, the probe ports that answer with the caller's outside endpoint, the relay, the prober's service (wire/probe.ts),
 * and the ports at which X's kernel answers nothing, so that only what the prober asks for is answered.
 */
export const X_PORTS = {
  rendezvous: 7000,
  probes: [7001, 7002],
  relay: 7004,
  prober: 7005,
  silent: { from: 7100, to: 7611 },
} as const;

export type HostRole = "a" | "b";
/** The role that a host asks for; `any`: whichever is free, X says which. */
export type WantedRole = HostRole | "any";
export const TECHNIQUES = [
  "connect",
  "public",
  "relay",
  "simultaneous-open",
  "p2pnat",
  "birthday-open",
  "sequential-open",
  "stunt-1",
  "stunt-2",
  "natblaster-1",
  "natblaster-2",
  "natblaster-3",
  "natblaster-4",
  "natblaster-5",
  "natblaster-6",
  "tcp-repair",
  "auto",
] as const;

/** What two hosts behind NATs can try by itself: `public` is for one that is behind none. */
export const HOST_TECHNIQUES = TECHNIQUES.filter((name) => name !== "auto" && name !== "public");

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
  /** `seat`: drawn by the host, which by the same takes its place in the session again when its connection to X is lost. */
  | {
      readonly t: "hello";
      readonly v: number;
      readonly session: string;
      readonly key: string;
      readonly role: WantedRole;
      readonly technique: (typeof TECHNIQUES)[number];
      readonly seat?: string;
    }
  /**
   * The outside endpoint that the sender's next SYN is predicted to have; `copies`: a copy of that SYN goes straight to the peer's NAT;
   * `private`: its own endpoint, for a peer in the same private network.
   */
  | { readonly t: "ready"; readonly endpoint: Endpoint; readonly copies?: boolean; readonly private?: Endpoint }
  /** The sender's SYN; `answers`: to the peer's the sender sends the SYN+ACK itself, once it is told of it. */
  | { readonly t: "syn"; readonly syn: SynReport; readonly answers?: boolean }
  /** The sender's SYN has opened its NAT for the peer, and a socket waits there for the peer's. */
  | { readonly t: "waiting" }
  /** So many raw SYNs with this one ISN were sent to the peer's endpoint (birthday). */
  | { readonly t: "flood"; readonly isn: number; readonly count: number }
  /** The sender's SYN with this ISN has opened its NAT for the peer's endpoint, or for this port of the peer's NAT: X is to find the port with ACKs to all of them. */
  | { readonly t: "sweep"; readonly isn: number; readonly port?: Port }
  /** A spray goes on: so many SYNs have left. */
  | { readonly t: "searching"; readonly packets: number }
  /** None of the SYNs of a spray was answered. */
  | { readonly t: "missed"; readonly count: number }
  /** `sweeping` has arrived, behind the packets that it speaks of: X may send more. */
  | { readonly t: "heard" }
  /** A forged packet came through: this is the sender's outside endpoint. */
  | { readonly t: "hit"; readonly endpoint: Endpoint }
  /** The sender's socket is ESTABLISHED, which after a forged SYN+ACK says nothing about the peer's. */
  | { readonly t: "established" }
  | { readonly t: "failed"; readonly reason: string }
  /** What the sender has, for the choice of a technique (auto). */
  | { readonly t: "offer"; readonly offer: Offer }
  /** The sender begins this step of the plan (auto, role a alone). */
  | { readonly t: "begin"; readonly step: number }
  /** How this step ended for the sender (auto). */
  | { readonly t: "outcome"; readonly step: number; readonly ok: boolean };

export type XMessage =
  /** `role` and `forges`, whether X can send what claims to come from others, are told to whoever lets them be chosen by (auto). */
  | {
      readonly t: "welcome";
      readonly v: number;
      readonly observed: Endpoint;
      readonly role?: HostRole;
      readonly forges?: boolean;
    }
  | { readonly t: "refused"; readonly reason: string }
  | { readonly t: "paired" }
  | { readonly t: "peer"; readonly endpoint: Endpoint; readonly private?: Endpoint }
  /** None of the peer's SYNs met the receiver's. */
  | { readonly t: "peer-missed"; readonly count: number }
  /** The peer's NAT is open and a socket waits behind it: the receiver's turn to connect. */
  | { readonly t: "peer-waiting" }
  /** The SYN that the peer sent: the receiver's to answer. */
  | { readonly t: "peer-syn"; readonly syn: SynReport }
  /** So many forged SYN+ACKs were sent to the receiver's NAT (birthday). */
  | { readonly t: "sprayed"; readonly count: number }
  /** So many packets of a search, of X's or of the peer's, have been sent so far. */
  | { readonly t: "sweeping"; readonly packets: number }
  /** A sweep has ended, at the last port or because it was successful. */
  | { readonly t: "swept"; readonly packets: number }
  /** Both sides are ESTABLISHED. */
  | { readonly t: "open" }
  | { readonly t: "peer-failed"; readonly reason: string }
  /** The peer's connection to X ended: it is done, or gone. */
  | { readonly t: "peer-left" }
  /** X cannot do its part in this session. */
  | { readonly t: "x-failed"; readonly reason: string }
  | { readonly t: "peer-offer"; readonly offer: Offer }
  | { readonly t: "peer-begin"; readonly step: number }
  | { readonly t: "peer-outcome"; readonly step: number; readonly ok: boolean };

const isSyn = record({
  isn: isU32,
  window: isU16,
  mss: optional(isU16),
  windowScale: optional((value) => isU16(value) && (value as number) <= 14),
  sackPermitted: isBoolean,
  tsval: optional(isU32),
});

/** Nobody lets a stranger connect to a third party's public address. */
const isPrivateEndpoint: Check = (value) => isEndpoint(value) && isPrivate((value as Endpoint).ip);

const HOST_CHECKS: Dialect & Record<HostMessage["t"], unknown> = {
  hello: {
    v: isU32,
    session: isText,
    key: isText,
    role: oneOf("a", "b", "any"),
    technique: oneOf(...TECHNIQUES),
    seat: optional(isText),
  },
  ready: { endpoint: isEndpoint, copies: optional(isBoolean), private: optional(isPrivateEndpoint) },
  syn: { syn: isSyn, answers: optional(isBoolean) },
  waiting: {},
  flood: { isn: isU32, count: isU16 },
  sweep: { isn: isU32, port: optional(isPort) },
  searching: { packets: isU32 },
  missed: { count: isU32 },
  heard: {},
  hit: { endpoint: isEndpoint },
  established: {},
  failed: { reason: isText },
  offer: { offer: isOffer },
  begin: { step: isU8 },
  outcome: { step: isU8, ok: isBoolean },
};

const X_CHECKS: Dialect & Record<XMessage["t"], unknown> = {
  welcome: { v: isU32, observed: isEndpoint, role: optional(oneOf("a", "b")), forges: optional(isBoolean) },
  refused: { reason: isText },
  paired: {},
  peer: { endpoint: isEndpoint, private: optional(isPrivateEndpoint) },
  "peer-missed": { count: isU32 },
  "peer-waiting": {},
  "peer-syn": { syn: isSyn },
  sprayed: { count: isU16 },
  sweeping: { packets: isU32 },
  swept: { packets: isU32 },
  open: {},
  "peer-failed": { reason: isText },
  "peer-left": {},
  "x-failed": { reason: isText },
  "peer-offer": { offer: isOffer },
  "peer-begin": { step: isU8 },
  "peer-outcome": { step: isU8, ok: isBoolean },
};

/** First line of a connection to X's relay port; everything behind it is passed on to the other side. */
export interface RelayHeader {
  readonly session: string;
  readonly key: string;
  readonly role: HostRole;
}

export function parseRelayHeader(line: string): Parsed<RelayHeader> {
  return parseMessage<RelayHeader & { t: "relay" }>(line, {
    relay: { session: isText, key: isText, role: oneOf("a", "b") },
  });
}

export const parseHostMessage = (line: string): Parsed<HostMessage> => parseMessage<HostMessage>(line, HOST_CHECKS);
export const parseXMessage = (line: string): Parsed<XMessage> => parseMessage<XMessage>(line, X_CHECKS);

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
