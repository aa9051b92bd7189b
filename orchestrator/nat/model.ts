/** Inclusive range of outside ports. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/**
 * What a mapping, or a filter, depends on besides the inside endpoint: nothing, the peer's address, or its address and port
 * (RFC 4787 section 4.1 and 5, for TCP RFC 5382 REQ-1 and REQ-3).
 */
export const DEPENDENCIES = ["endpoint-independent", "address-dependent", "address-and-port-dependent"] as const;
export type Dependency = (typeof DEPENDENCIES)[number];

/** How the NAT chooses the outside port of a new mapping (RFC 4787 section 4.2.1, RFC 5382 REQ-7). */
export type PortAllocation =
  | { readonly kind: "preserve" }
  | {
      readonly kind: "sequential";
      readonly step: number;
      readonly range: PortRange;
      /** Even inside ports get even outside ports, odd ones odd (RFC 4787 section 4.2.2); absent: no. */
      readonly parity?: boolean;
    }
  | { readonly kind: "random"; readonly range: PortRange; readonly parity?: boolean };

/** Answers to a SYN that the NAT does not let in, as values without parameters. */
export const SYN_REFUSALS = ["drop", "reset", "port-unreachable", "admin-prohibited"] as const;
/** `delayed-icmp`: RFC 5382 REQ-4, silence for so long, for good when an outbound SYN of the same connection follows, else ICMP. */
export type SynRefusal = (typeof SYN_REFUSALS)[number] | { readonly kind: "delayed-icmp"; readonly afterMs: number };

/** As it stands in names of cells and tables: `drop`, `delayed-icmp`. */
export function refusalName(refusal: SynRefusal): string {
  return typeof refusal === "string" ? refusal : refusal.kind;
}

export function sameRefusal(one: SynRefusal, other: SynRefusal): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * What happens to an ICMP time-exceeded for a mapping (NATBLASTER assumptions 2 and 3). `teardown`: the mapping goes, and the host
 * learns of the error all the same.
 */
export const TIME_EXCEEDED = ["translate", "drop", "teardown"] as const;
export type TimeExceeded = (typeof TIME_EXCEEDED)[number];

/** What a RST from outside does to a mapping whose SYN was not answered yet: is it delivered, and does the mapping stay. */
export const RESETS = ["deliver-and-remove", "hide-and-remove", "deliver-and-keep", "ignore"] as const;
export type Reset = (typeof RESETS)[number];

/** What happens to a SYN+ACK that an inside host sends outward after its own SYN; stock Linux lets it leave un-NATed. */
export const OUT_OF_STATE = ["leak", "drop", "translate"] as const;
export type OutOfState = (typeof OUT_OF_STATE)[number];

/**
 * Loose source routing (RFC 791, option 131). `stock`: forwarded, the mapping keyed to the router it is sent to; `aware`: keyed to
 * the final destination; `stateless`: the whole NAT keeps no connections; `refuse`: such packets are dropped, Linux's default.
 */
export const SOURCE_ROUTES = ["stock", "aware", "stateless", "refuse"] as const;
export type SourceRoute = (typeof SOURCE_ROUTES)[number];

/** How long a mapping outlives its last packet, in whole seconds (RFC 5382 REQ-5, RFC 7857 section 2). `never`: stateless NATs. */
export interface Timeouts {
  /** A SYN that nobody answered. */
  readonly synSentS: number | "never";
  readonly establishedS: number | "never";
  /** After both FINs (conntrack's TIME_WAIT). */
  readonly closingS: number | "never";
}

/** A NAT's TCP behaviour. Every axis changes what the kernel does and is confirmed by calibration. */
export interface NatModel {
  readonly mapping: Dependency;
  /** Which outside endpoints an existing mapping lets in. */
  readonly filtering: Dependency;
  readonly ports: PortAllocation;
  /** Every inside host has so many consecutive outside ports of its own, and no more (RFC 6888 REQ-4, RFC 7422); absent: no blocks. */
  readonly blockSize?: number;
  /**
   * So many sessions an inside host may have at a time, with whomever; a SYN for another one is dropped (RFC 6888 REQ-5, and any NAT whose
   * table is full); absent: no limit.
   */
  readonly sessionLimit?: number;
  /** Answer to a SYN to a port without mapping. */
  readonly unsolicitedSyn: SynRefusal;
  /** Answer to a SYN to a mapping's port from a peer that its filter does not admit. */
  readonly wrongPeerSyn: SynRefusal;
  readonly timeExceeded: TimeExceeded;
  readonly reset: Reset;
  readonly outOfState: OutOfState;
  /**
   * A SYN that comes in from the very peer an outgoing SYN is waiting for (simultaneous open, RFC 5382 REQ-2). Refused, it is dropped in
   * silence, and the mapping stays.
   */
  readonly crossingSyn: "accept" | "refuse";
  /** Whether segments outside the TCP window are dropped. */
  readonly windowTracking: "strict" | "liberal";
  /** Whether the NAT shifts TCP sequence numbers, as middleboxes that randomise initial ones do. */
  readonly sequenceNumbers: "keep" | "rewrite";
  readonly sourceRoute: SourceRoute;
  /**
   * Whether inside hosts reach each other's mappings at the NAT's outside address (RFC 5382 REQ-8). A SYN to it leaves its sender's mapping
   * behind, as one to anybody does, unless the NAT answers it.
   */
  readonly hairpin: boolean;
  readonly timeouts: Timeouts;
}

export const AXES = [
  "mapping",
  "filtering",
  "ports",
  "blockSize",
  "sessionLimit",
  "unsolicitedSyn",
  "wrongPeerSyn",
  "timeExceeded",
  "reset",
  "outOfState",
  "crossingSyn",
  "windowTracking",
  "sequenceNumbers",
  "sourceRoute",
  "hairpin",
  "timeouts",
] as const satisfies readonly (keyof NatModel)[];
export type Axis = (typeof AXES)[number];

/** A NAT's axes as far as somebody stated them. */
export type PartialModel = Partial<Omit<NatModel, "timeouts">> & { readonly timeouts?: Partial<Timeouts> };

/** Stock Linux conntrack (nf_conntrack_proto_tcp.c): SYN_SENT 120 s, ESTABLISHED 5 days, TIME_WAIT 120 s. */
export const LINUX_TIMEOUTS: Timeouts = { synSentS: 120, establishedS: 432_000, closingS: 120 };

/** Fills what nobody stated with what Linux's MASQUERADE does behind a firewall that drops unsolicited SYNs. */
export function completeModel(stated: PartialModel & Pick<NatModel, "ports">): NatModel {
  const unsolicitedSyn = stated.unsolicitedSyn ?? "drop";
  return {
    mapping: stated.ports.kind === "preserve" ? "endpoint-independent" : "address-and-port-dependent",
    filtering: "address-and-port-dependent",
    timeExceeded: "translate",
    reset: "deliver-and-remove",
    outOfState: "leak",
    crossingSyn: "accept",
    windowTracking: "strict",
    sequenceNumbers: "keep",
    sourceRoute: "refuse",
    hairpin: false,
    wrongPeerSyn: unsolicitedSyn,
    ...stated,
    unsolicitedSyn,
    timeouts: { ...LINUX_TIMEOUTS, ...stated.timeouts },
  };
}

/** What stands between a LAN and the core: a NAT, or (for the `public` control) a plain router, which refuses source routes unless told. */
export type Gateway =
  | { readonly kind: "router"; readonly sourceRoute?: "forward" }
  | { readonly kind: "nat"; readonly name: string; readonly model: NatModel };
