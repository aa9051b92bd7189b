import type { NatModel, PortRange, SynRefusal, Timeouts } from "./model.ts";

/** What observations say about one axis: a value and the measurement behind it, or why they cannot tell. Never a guess. */
export type Finding<T> =
  | { readonly kind: "determined"; readonly value: T; readonly evidence: string }
  | { readonly kind: "undetermined"; readonly why: string };

/** Allocation as seen: of a range only the ports that occurred are known. `parity` is absent where too few ports were seen to tell. */
export type MeasuredPorts =
  | { readonly kind: "preserve" }
  | { readonly kind: "sequential"; readonly step: number; readonly seen: PortRange; readonly parity?: boolean }
  | { readonly kind: "random"; readonly seen: PortRange; readonly parity?: boolean };

/** `silence`: nothing for so long, which is what `drop` looks like, and `delayed-icmp` before its time. */
export type MeasuredRefusal = SynRefusal | { readonly kind: "silence"; readonly forMs: number };

/** Connections of one host to one endpoint: where they ended, or how many came about without an end. */
export type MeasuredCapacity =
  { readonly kind: "exhausted"; readonly ports: number } | { readonly kind: "at-least"; readonly ports: number };

/** A timeout lies in here: the mapping was alive after `atLeastS`, gone after `lessThanS` (absent: never seen gone). */
export interface TimeoutInterval {
  readonly atLeastS: number;
  readonly lessThanS?: number;
}

/** Every axis of {@link NatModel} as far as observations can name it. */
export interface Measured extends Omit<
  NatModel,
  "ports" | "blockSize" | "sessionLimit" | "unsolicitedSyn" | "wrongPeerSyn" | "timeouts"
> {
  readonly ports: MeasuredPorts;
  readonly blockSize: MeasuredCapacity;
  readonly unsolicitedSyn: MeasuredRefusal;
  readonly wrongPeerSyn: MeasuredRefusal;
}

/** What a fingerprint says of a NAT, axis by axis. */
export interface Classification {
  /** False: the host is seen under its own address, there is no NAT. */
  readonly translated: Finding<boolean>;
  readonly axes: { readonly [A in keyof Measured]: Finding<Measured[A]> };
  readonly timeouts: { readonly [T in keyof Timeouts]: Finding<TimeoutInterval> };
}

export function determined<T>(value: T, evidence: string): Finding<T> {
  return { kind: "determined", value, evidence };
}

export function undetermined(why: string): Extract<Finding<never>, { kind: "undetermined" }> {
  return { kind: "undetermined", why };
}
