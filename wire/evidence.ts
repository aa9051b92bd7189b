import type { Endpoint, Ipv4 } from "./address.ts";

/** Bulk payload beyond so many packets of one flow, direction and interface is counted, not kept. */
export const KEPT_PER_FLOW = 48;

/**
 * Of TCP without payload that differs in nothing but ports, and of ICMP that answers it, so much is kept and the rest counted: a search over
 * ports sends tens of thousands of packets. SYNs that cross one of the peer's are kept all the same.
 */
export const KEPT_PER_FAN = 1024;

/** All packets of one kind between two addresses at one interface, whatever their ports, where more came than were kept. */
export interface FanTotal {
  readonly iface: string;
  readonly direction: "in" | "out";
  readonly src: Ipv4;
  readonly dst: Ipv4;
  readonly protocol: number;
  /** Of TCP the control bits FIN, SYN, RST and ACK, of ICMP its type. */
  readonly kind: number;
  /** Without those beyond KEPT_PER_FAN that are kept because they cross. */
  readonly packets: number;
  readonly firstAtUs: number;
  readonly lastAtUs: number;
}

/** Total of one direction of one TCP flow at one interface; bulk payload is counted here and not kept packet by packet. */
export interface FlowTotal {
  readonly iface: string;
  readonly direction: "in" | "out";
  readonly src: Endpoint;
  readonly dst: Endpoint;
  readonly packets: number;
  /** Without what SYN segments carry. */
  readonly payloadBytes: number;
  readonly firstAtUs: number;
  readonly lastAtUs: number;
  /** First payload bytes of the flow, by sequence number, hex, at most 40 bytes. */
  readonly payloadStart: string;
}

/** Marked frames that a node sent itself, at its capture's begin and end, and how many of them the capture saw. */
export interface Sentinels {
  readonly sent: number;
  readonly seen: number;
}

/** What one node's packet socket saw since `capture-begin`. */
export interface CaptureResult {
  /** Packed by wire/capture.ts, base64; of those that cross the earlier one may stand behind later ones. */
  readonly packets: string;
  readonly interfaces: readonly string[];
  /** Flows that carried payload or more packets than were kept; the others are in `packets` whole. */
  readonly flows: readonly FlowTotal[];
  readonly fans?: readonly FanTotal[];
  /** Packets the kernel dropped at the socket, or beyond the keep limit: more than 0 means evidence is missing. */
  readonly lost: number;
  /** Fewer seen than sent: the capture was not live, or not read to its end. */
  readonly sentinels: Sentinels;
}

/** A conntrack entry or event, flattened. */
export interface ConntrackRecord {
  readonly event: "new" | "update" | "destroy" | "entry";
  readonly atUs: number;
  readonly id: number;
  readonly protocol: number;
  readonly original: { readonly src: Endpoint; readonly dst: Endpoint };
  readonly reply: { readonly src: Endpoint; readonly dst: Endpoint };
  readonly state: string;
  readonly assured: boolean;
}
