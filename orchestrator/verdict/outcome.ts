import type { Searched } from "../../wire/attempt.ts";
import type { NodeId } from "../../wire/control.ts";
import type { Capability } from "../nat/needs.ts";

/** Why no direct connection came about. Ordered from the sender's own host to the far end: the nearest cause wins. */
export const CAUSES = [
  "icmp-killed-connect", // an ICMP error reached the host and ended its connect()
  "source-route-refused", // a router on the way dropped the SYN because of its source route
  "source-route-mistaken", // the NAT took the next hop of the SYN's source route for its destination
  "port-exhausted", // the NAT had no outside port or session left for the SYN
  "no-collision", // none of a birthday's forged SYN+ACKs, or of a spray's SYNs, hit an open mapping
  "sweep-empty", // none of the ACKs that X sent to every port of the NAT reached the host as an answer to its SYN
  "out-of-state-leak", // to the own NAT the answer to the peer's SYN, or the data after it, were out of state: they left untranslated
  "out-of-state-drop", // the same, and it dropped them
  "mapping-mispredicted", // the SYN left its NAT from another port than predicted
  "reset-by-nat", // the far NAT answered the SYN with RST
  "reset-by-host", // the far NAT let the SYN in, and the peer, which had no socket for it yet, answered with RST
  "spoof-filtered", // X's forged packets did not get past the core, or past a NAT under whose own address they came
  "filtered", // the far NAT dropped the SYN silently
  "timeout", // packets arrived, yet no connection before the deadline
] as const;
export type Cause = (typeof CAUSES)[number];

/** A cause with where and when it struck, and the sentence that says so with addresses and times. */
export interface Blockage {
  readonly cause: Cause;
  readonly at: NodeId;
  readonly atUs: number;
  readonly why: string;
}

/** One line of the proof that a connection is direct, with where it was seen. */
export interface ProofPoint {
  readonly claim: string;
  readonly evidence: string;
}

export interface Proof {
  /**
   * How the connection was opened, read from the captures: by X's forged SYN+ACKs, by the hosts' own, by crossing SYNs, or by a plain
   * handshake.
   */
  readonly handshake: "forged" | "self-forged" | "crossed" | "plain" | "injected";
  readonly points: readonly ProofPoint[];
  /** From the attempt's start to both agents holding the socket. */
  readonly connectMs: number;
  /** What searching for ports took, where the technique does that. */
  readonly searched?: Searched;
}

/** The world was not what the cell claims: never counted as a result. */
export interface WorldFault {
  readonly code: "calibration-mismatch" | "evidence-incomplete" | "attempt-spoiled";
  readonly message: string;
}

export type Outcome =
  | { readonly verdict: "direct"; readonly why: string; readonly proof: Proof }
  | { readonly verdict: "relayed"; readonly why: string; readonly via: NodeId }
  | { readonly verdict: "blocked"; readonly why: string; readonly cause: Cause; readonly at: NodeId }
  | { readonly verdict: "invalid"; readonly why: string; readonly fault: WorldFault }
  | { readonly verdict: "unknown"; readonly why: string; readonly missing: readonly string[] }
  /** This kernel or engine cannot build the cell: it was not tried, and counts neither for nor against anything. */
  | { readonly verdict: "unsupported"; readonly why: string; readonly missing: readonly Capability[] };

/** Verdicts that say nothing about the technique and the NATs. */
const NO_RESULT: readonly string[] = ["invalid", "unknown", "unsupported"] satisfies readonly Outcome["verdict"][];

/** Whether an outcome says how the technique fared, and may so agree or disagree with an expectation. */
export function isResult({ verdict }: { readonly verdict: string }): boolean {
  return !NO_RESULT.includes(verdict);
}

/** A share of trials: where theory knows it the number, else the range that it lies in; the whole of [0, 1] is a question. */
export type ExpectedRate = number | { readonly from: number; readonly to: number };

/** What a scenario claims about a cell. `rate` is the expected share of direct trials where chance decides. */
export type Expectation =
  | { readonly verdict: "direct"; readonly rate?: ExpectedRate }
  | { readonly verdict: "relayed" }
  | { readonly verdict: "blocked"; readonly cause: Cause };
