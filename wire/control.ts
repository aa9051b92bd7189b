/**
 * What the orchestrator and the agents say to each other over a container's stdin and stdout, one JSON object a line.
 * This channel starts, configures and observes; what A, B and X have to tell each other never travels on it.
 */
import type { AttemptParameters, AttemptResult, TransferResult } from "./attempt.ts";
import type { CaptureResult, ConntrackRecord } from "./evidence.ts";
import type { Fingerprint, ProbeMode } from "./fingerprint.ts";

/**
 * Containers of a world: hosts A and B, their NATs, the core router R, the helper X; where a cell wants them the inside neighbours
 * A2 and B2, and carriers: CA before NA, CB before NB, or C before both.
 */
export const NODE_IDS = ["a", "na", "ca", "r", "cb", "nb", "b", "x", "a2", "b2", "c"] as const;
export type NodeId = (typeof NODE_IDS)[number];

/** When a neighbour's connections begin: like a clock, or as a Poisson process (as user sessions do, Paxson and Floyd 1995). */
export const ARRIVALS = ["regular", "poisson"] as const;

/** A neighbour's connections, so far apart on average. */
export interface Traffic {
  readonly everyMs: number;
  readonly arrivals: (typeof ARRIVALS)[number];
}

/** Everything that makes a Linux box behave like a gateway; loading it replaces what the last gateway left, and nothing else. */
export interface GatewayRules {
  /** For iptables-restore (nft backend) without --noflush. All four tables are always named. */
  readonly iptables: string;
  /** For nft: replaces the table `ip natbed` as a whole. */
  readonly nft: string;
  /** Settings under net.netfilter and net.ipv4, by full name. */
  readonly sysctls: Readonly<Record<string, string>>;
  readonly duties: GatewayDuties;
}

/** What a gateway's agent does in user space where no rule can; absent: nothing. */
export interface GatewayDuties {
  /** NFQUEUE on which time-exceeded errors pass; the mapping they name is deleted behind them. */
  readonly teardownQueue?: number;
  /**
   * NFQUEUE on which unsolicited SYNs wait for their answer (RFC 5382 REQ-4); with this mark they meet the rules again once they have
   * waited for so long.
   */
  readonly delayedAnswer?: { readonly queue: number; readonly afterMs: number; readonly mark: number };
}

/** The core's behaviour, as R's agent and rules realise it. */
export interface CoreModel {
  /** Whether R answers a packet whose TTL ends there with ICMP time-exceeded. */
  readonly icmp: "on" | "off";
  /** Whether packets with a source route are forwarded. */
  readonly sourceRoute: "forward" | "refuse";
  /** Unicast reverse path filter on X's link: X cannot send from addresses that are not its own (BCP 38). */
  readonly antiSpoofing: boolean;
  /** One-way delay of everything that crosses the core, and of R's own ICMP errors, in ms. */
  readonly delayMs: number;
  /** Share of these packets that the core loses, in percent. */
  readonly lossPercent: number;
  /** Routers that packets to and from each NAT pass besides R. */
  readonly extraHops: number;
}

/** A core that adds nothing: what cells get that say nothing else. */
export const PLAIN_CORE: CoreModel = {
  icmp: "on",
  sourceRoute: "refuse",
  antiSpoofing: false,
  delayMs: 0,
  lossPercent: 0,
  extraHops: 0,
};

export interface ProbeParameters {
  /** X's rendezvous address. */
  readonly x: string;
  readonly mode: ProbeMode;
  /** First of 256 consecutive local ports that are free for the prober. */
  readonly localPort: number;
  /** Seeds whatever the prober draws. */
  readonly seed: number;
  /** Silence is listened to for at least so long, in ms; the mode's own time where absent. */
  readonly silenceMs?: number;
}

/** Operations: name → parameters and result. */
export interface Operations {
  exec: {
    parameters: { argv: readonly string[]; stdin?: string };
    result: { code: number; stdout: string; stderr: string };
  };
  "capture-begin": { parameters: Record<never, never>; result: Record<never, never> };
  /** What was captured until now; the capture goes on. */
  "capture-look": { parameters: Record<never, never>; result: CaptureResult };
  "capture-end": { parameters: Record<never, never>; result: CaptureResult };
  "conntrack-flush": { parameters: Record<never, never>; result: Record<never, never> };
  "conntrack-dump": { parameters: Record<never, never>; result: { records: readonly ConntrackRecord[] } };
  /** Of events that differ in nothing but ports the first are records (KEPT_PER_FAN), the others are counted as `beyond`. */
  "conntrack-end": {
    parameters: Record<never, never>;
    /** `made`: how many entries are new since the flush, those in `beyond` included. */
    result: { records: readonly ConntrackRecord[]; beyond: number; made: number; lost: boolean };
  };
  "core-start": { parameters: Record<never, never>; result: Record<never, never> };
  "x-link": { parameters: { state: "up" | "cut" }; result: { dropped: number } };
  /** Loads a NAT's rules and returns what the kernel holds now. */
  "gateway-load": { parameters: GatewayRules; result: { readBack: string } };
  /** What R's agent has to do for this core from now on; its rules are loaded apart. The same seed loses the same packets of a sequence. */
  "core-set": { parameters: { core: CoreModel; seed: number }; result: Record<never, never> };
  /** Drops what the core holds back at the moment. */
  "core-drain": { parameters: Record<never, never>; result: { dropped: number } };
  /** Sends whole IPv4 datagrams (base64) as they are. */
  "send-raw": { parameters: { datagrams: readonly { to: string; bytes: string }[] }; result: Record<never, never> };
  probe: { parameters: ProbeParameters; result: Fingerprint };
  attempt: { parameters: AttemptParameters; result: AttemptResult };
  transfer: { parameters: { sendSeed: string; bytes: number; withinMs: number }; result: TransferResult };
  "noise-begin": { parameters: { x: string; seed: number } & Traffic; result: Record<never, never> };
  "noise-end": { parameters: Record<never, never>; result: { opened: number } };
  keep: { parameters: Record<never, never>; result: Record<never, never> };
  reset: { parameters: Record<never, never>; result: Record<never, never> };
}
export type Operation = keyof Operations;

export interface Request {
  readonly id: number;
  readonly op: Operation;
  readonly parameters: unknown;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string };

/** What agents say unasked: that they are ready, and a log of what they do and see. */
export type AgentEvent =
  | { readonly event: "ready"; readonly pid: number }
  | { readonly event: "log"; readonly atUs: number; readonly what: string; readonly detail?: unknown };
