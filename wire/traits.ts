/**
 * What two hosts tell each other of themselves before they choose a technique: of a fingerprint only what the choice turns on, so that it
 * fits one line, and every field of it one of a few words. What was not measured is absent.
 */
import { isBoolean, isIp, isText, isU16, listOf, oneOf, optional, record } from "./json-line.ts";
import type { Ipv4 } from "./address.ts";

/** Grows with every change of what hosts conclude from each other's traits: both must come to the same plan. */
export const OFFER_VERSION = 3;

/** Outside ports of new connections: the local ones, the same again for one local port whoever the peer is, one constant step, or any. */
export const PORT_HABITS = ["untranslated", "preserved", "consistent", "sequential", "random"] as const;
export type PortHabit = (typeof PORT_HABITS)[number];

const REFUSALS = ["silence", "reset", "icmp"] as const;
const ROUTES = ["refuse", "stock", "aware", "stateless"] as const;

/** A NAT as the host behind it measured it. */
export interface NatTraits {
  /** The address that X sees. */
  readonly outside: Ipv4;
  /** Round-trip time to X, in whole ms. */
  readonly rttMs: number;
  readonly ports?: PortHabit;
  /** Whether strangers may connect to the outside port of an existing mapping (RFC 4787 section 5, endpoint-independent filtering). */
  readonly open?: boolean;
  /** Whether any port of an address that was sent to may (RFC 4787 section 5, address-dependent filtering, or none). */
  readonly openToAddress?: boolean;
  /** The answer to a SYN that no mapping admits. */
  readonly refusal?: (typeof REFUSALS)[number];
  /** Whether the error for a SYN that dies one hop short of X comes back to the host, where it ends connect(). */
  readonly ttlError?: boolean;
  /** Whether the SYN of a simultaneous open is let in (RFC 5382 REQ-2). */
  readonly crossing?: boolean;
  /** Whether a RST for a SYN neither reaches the host nor ends the mapping. */
  readonly ignoresReset?: boolean;
  /** Whether a SYN+ACK of the host's own is translated like the SYN before it. */
  readonly answersOut?: boolean;
  /** Whether TCP sequence numbers leave as the host wrote them. */
  readonly sequenceKept?: boolean;
  /** What becomes of SYNs with a loose source route over X. */
  readonly sourceRoute?: (typeof ROUTES)[number];
}

/** Raw packets (CAP_NET_RAW), and firewall rules of one's own (CAP_NET_ADMIN and libnftables). */
export const HOST_CAPABILITIES = ["raw", "admin"] as const;
export type HostCapability = (typeof HOST_CAPABILITIES)[number];

export interface Offer {
  readonly v: number;
  readonly capabilities: readonly HostCapability[];
  /** The one technique that this host wants; absent: whichever works. */
  readonly only?: string;
  /** Absent where the NAT was not measured. */
  readonly nat?: NatTraits;
}

export const isOffer = record({
  v: isU16,
  capabilities: listOf(oneOf(...HOST_CAPABILITIES), 0, HOST_CAPABILITIES.length),
  only: optional(isText),
  nat: optional(
    record({
      outside: isIp,
      rttMs: isU16,
      ports: optional(oneOf(...PORT_HABITS)),
      open: optional(isBoolean),
      openToAddress: optional(isBoolean),
      refusal: optional(oneOf(...REFUSALS)),
      ttlError: optional(isBoolean),
      crossing: optional(isBoolean),
      ignoresReset: optional(isBoolean),
      answersOut: optional(isBoolean),
      sequenceKept: optional(isBoolean),
      sourceRoute: optional(oneOf(...ROUTES)),
    }),
  ),
});
