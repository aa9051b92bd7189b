/**
 * What the prober saw of a NAT, from inside and from X: observations only, nothing of the NAT's configuration, and no conclusions
 * (these are orchestrator/nat/classify.ts's). JSON all through, so that it can be pasted into a bug report.
 */
import type { Endpoint, Ipv4 } from "./address.ts";

export const FINGERPRINT_VERSION = 1;

/** `quick`: what a world's calibration needs; `fast`: the whole battery with timers of seconds; `full`: timers up to two hours. */
export const PROBE_MODES = ["quick", "fast", "full"] as const;
export type ProbeMode = (typeof PROBE_MODES)[number];

/** A test's observation, or why it was not made: `{ why: "needs CAP_NET_RAW" }`. */
export type Tested<T> = ({ readonly ran: true } & T) | { readonly ran: false; readonly why: string };

/** A connection as both ends saw it; `outside` is absent where X never saw its SYN. */
export interface Binding {
  readonly local: Endpoint;
  readonly x: Endpoint;
  readonly outside?: Endpoint;
}

/** What became of a SYN that X sent to an outside endpoint of the NAT. `afterMs`: from the SYN to the answer. */
export type SynFate =
  | { readonly kind: "silence"; readonly waitedMs: number }
  | { readonly kind: "reset"; readonly afterMs: number }
  /** `by`: who sent the error. */
  | { readonly kind: "icmp"; readonly type: number; readonly code: number; readonly by: Ipv4; readonly afterMs: number }
  | { readonly kind: "accepted"; readonly afterMs: number };

/** What X does to a mapping whose SYN it did not answer, before it probes it. */
export const STIMULI = ["none", "reset", "time-exceeded", "unreachable"] as const;
export type Stimulus = (typeof STIMULI)[number];

/** One of the eight probes of a mapping in SYN_SENT: SYN out, a stimulus from X, then a SYN or a SYN+ACK from the same endpoint of X. */
export interface AfterSyn {
  readonly stimulus: Stimulus;
  readonly probe: "syn" | "syn-ack";
  /** Whether the stimulus (RST or ICMP error) came through to the host; absent for `none`. */
  readonly stimulusArrived?: boolean;
  /** Whether the probe came through to the host's port. */
  readonly probeArrived: boolean;
  /** What X heard where it did not. */
  readonly fate: SynFate;
}

/** A stranger's SYN to the outside endpoint of an established connection. */
export interface StrangerSyn {
  readonly from: "same-address-other-port" | "other-address";
  readonly arrived: boolean;
  readonly fate: SynFate;
}

/** A mapping left alone for `idleMs`, then tried from X: did the packet come through. */
export interface TimerPoint {
  readonly idleMs: number;
  readonly alive: boolean;
}

export interface Fingerprint {
  readonly version: typeof FINGERPRINT_VERSION;
  readonly mode: ProbeMode;
  /** ISO 8601. */
  readonly takenAt: string;
  /** Addresses of this host that probes were sent from, and X's. */
  readonly inside: readonly Ipv4[];
  readonly x: readonly Ipv4[];
  /** Round-trip time of the connection to X, in ms: silence was listened to for longer. */
  readonly rttMs: number;
  /** In the order in which they were made, one after the other. */
  readonly bindings: Tested<{ readonly made: readonly Binding[] }>;
  /** From privileged local ports. */
  readonly lowPorts: Tested<{ readonly made: readonly Binding[] }>;
  /** From one local port of two inside addresses to two endpoints of X. */
  readonly overloading: Tested<{ readonly made: readonly Binding[] }>;
  /** How many of `tried` fresh connections to one endpoint of X came about while all were open. */
  readonly capacity: Tested<{ readonly tried: number; readonly opened: number }>;
  /** A SYN to a port without mapping. */
  readonly unsolicited: Tested<{ readonly fate: SynFate }>;
  /** A SYN to a port without mapping, followed by the host's own SYN from that port: RFC 5382 REQ-4's second half. */
  readonly unsolicitedThenSyn: Tested<{ readonly fate: SynFate }>;
  readonly afterSyn: Tested<{ readonly probes: readonly AfterSyn[] }>;
  readonly strangers: Tested<{ readonly probes: readonly StrangerSyn[] }>;
  /** A SYN+ACK that the host sent after its own SYN, as X saw it: `from` is where it came from, absent where it did not come. */
  readonly outOfState: Tested<{ readonly mapping: Endpoint; readonly from?: Endpoint }>;
  /** A segment far outside the window of an established connection, from X. */
  readonly outOfWindow: Tested<{ readonly arrived: boolean }>;
  /** Sequence numbers of one SYN and its answer, at both ends. */
  readonly sequence: Tested<{
    readonly isnSent: number;
    readonly isnSeen: number;
    /** X's SYN+ACK acknowledged `isnSeen + 1`; this is what arrived. */
    readonly ackArrived?: number;
  }>;
  /**
   * A SYN with a loose source route over X to X's second address: as it reached X (`from`), and whether SYN+ACKs came through from
   * the final destination's endpoint and from X's.
   */
  readonly sourceRoute: Tested<{
    readonly from?: Endpoint;
    readonly answerFromFinal: boolean;
    readonly answerFromX: boolean;
  }>;
  /** Two local ports that each connect to the other's outside endpoint; `from` is where what arrived came from. */
  readonly hairpin: Tested<{ readonly arrived: boolean; readonly from?: Endpoint }>;
  readonly timers: Tested<{
    readonly synSent: readonly TimerPoint[];
    readonly established: readonly TimerPoint[];
    readonly closing: readonly TimerPoint[];
  }>;
  /** Predictions of the next connection's outside port, and how many came true. */
  readonly prediction: Tested<{ readonly tries: number; readonly hits: number }>;
}
