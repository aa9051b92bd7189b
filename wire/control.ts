/**
 * What the orchestrator and the agents say to each other over a container's stdin and stdout, one JSON object a line.
 * This channel starts, configures and observes; what A, B and X have to tell each other never travels on it.
 */
import type { Endpoint, Ipv4 } from "./address.ts";
import type { Fingerprint, ProbeMode } from "./fingerprint.ts";
import type { TechniqueSpec, Traversal } from "./technique.ts";

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

/** Everything a host needs to take part in one attempt; the same a user would type on a command line. */
export interface AttemptParameters {
  readonly role: "a" | "b";
  readonly technique: TechniqueSpec;
  /** X's address. */
  readonly x: string;
  readonly session: string;
  readonly key: string;
  /** First of 64 consecutive local ports for this attempt; where one of them is taken, the host takes the next 64 that are free. */
  readonly localPort: number;
  /** A host gives up when, from the peer's endpoint on, so much time passes without one of X's first words (mostWords). */
  readonly deadlineMs: number;
  /** Seeds what the technique draws at random (flood ports, spray order), so that a seed repeats a run. */
  readonly seed: number;
  /** X's rendezvous port, where it is not X_PORTS'. */
  readonly xPort?: number;
  /** What the nonces are made of; absent: role, session and key. */
  readonly greeting?: Pick<AttemptParameters, "role" | "session" | "key">;
}

/** The same for one technique by itself. */
export type TraversalParameters = AttemptParameters & { readonly technique: Traversal };

/** Why a host gave up. */
export const FAILURES = [
  "deadline", // nothing decisive happened in time
  "icmp-leak", // EHOSTUNREACH or ENETUNREACH: an ICMP error reached the host
  "peer-nat-reset", // ECONNREFUSED
  "reset-after-open", // ECONNRESET
  "stranger", // somebody answered who does not have the session's key
  "no-collision", // birthday: no forged SYN+ACK came through
  "sweep-empty", // none of X's ACKs to every port came through
  "peer-failed", // X says that the other side gave up
  "peer-port-moved", // the peer's NAT gave each of its SYNs another port
  "prediction-failed", // X's probe ports did not answer
  "x-failed", // X says that it cannot do its part: no CAP_NET_RAW, its budgets
  "missing-capability", // EPERM, or a library that is not installed
  "port-busy", // EADDRINUSE or EADDRNOTAVAIL
  "fd-limit", // EMFILE or ENFILE: no more sockets
  "rendezvous-lost", // the connection to X did not come about or broke, or X refused
  "nothing-worked", // every step of the plan failed (auto)
] as const;
export type FailureCode = (typeof FAILURES)[number];

/** What a search for a port took: packets sent by whoever searched, and the time from the first of them to the find, or to the end. */
export interface Searched {
  readonly packets: number;
  readonly ms: number;
}

/** One step of a plan as one host lived it. */
export interface TriedStep {
  readonly technique: Traversal;
  /** The role that this host played. */
  readonly role: "a" | "b";
  readonly tookMs: number;
  /** Absent: this host had a connection. */
  readonly failure?: FailureCode;
  readonly detail?: string;
}

/** `tried`: the steps of a plan in order (auto). */
export type AttemptResult =
  | {
      readonly ok: true;
      readonly local: Endpoint;
      readonly remote: Endpoint;
      readonly connectMs: number;
      readonly searched?: Searched;
      readonly tried?: readonly TriedStep[];
    }
  | {
      readonly ok: false;
      readonly failure: FailureCode;
      readonly detail: string;
      readonly searched?: Searched;
      readonly tried?: readonly TriedStep[];
    };

/** What one host received from the peer in a data exchange. */
export interface TransferResult {
  readonly receivedBytes: number;
  readonly receivedSha256: string;
  readonly error?: string;
}

/** Bulk payload beyond so many packets of one flow, direction and interface is counted, not kept. */
export const KEPT_PER_FLOW = 48;

/**
 * Of TCP without payload that differs in nothing but ports, and of ICMP that answers it, so much is kept and the rest counted: a search over
 * ports sends tens of thousands of packets.
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
  /** Packed by wire/capture.ts, base64. */
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
