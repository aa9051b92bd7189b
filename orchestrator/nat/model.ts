/** Inclusive range of outside ports. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** How the NAT chooses the outside port of a new mapping (RFC 4787 section 4.2.1, RFC 5382 REQ-7). */
export type PortAllocation =
  | { readonly kind: "preserve" }
  | { readonly kind: "sequential"; readonly step: number; readonly range: PortRange }
  | { readonly kind: "random"; readonly range: PortRange };

/** Answer to a SYN that no mapping admits (RFC 5382 REQ-4). */
export type UnsolicitedSyn = "drop" | "reset";

/** What happens to an ICMP time-exceeded for a mapping (NATBLASTER assumptions 2 and 3). */
export type TimeExceeded = "translate" | "drop";

/** A NAT's TCP behaviour. Every axis changes what the kernel does and is confirmed by calibration. */
export interface NatModel {
  readonly ports: PortAllocation;
  readonly unsolicitedSyn: UnsolicitedSyn;
  readonly timeExceeded: TimeExceeded;
}

/** What stands between a LAN and the core: a NAT, or (for the `public` control) a plain router. */
export type Gateway =
  { readonly kind: "router" } | { readonly kind: "nat"; readonly name: string; readonly model: NatModel };
