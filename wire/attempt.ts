import type { Endpoint } from "./address.ts";
import { seededBytes } from "./seeded.ts";
import type { TechniqueSpec, Traversal } from "./technique.ts";

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
  "peer-nat-reset", // ECONNREFUSED, or ECONNRESET before it was open
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

/** Local ports of attempts: windows below the kernel's ephemeral ports, from the first one on. */
export const ATTEMPT_WINDOWS = { first: 50_000, ports: 64, count: 150 } as const;

/** A window of local ports that nobody has drawn: the one so many behind a drawn one, where each step of a plan has its own (auto). */
export function laterWindow(localPort: number, windows: number): number {
  const { first, ports, count } = ATTEMPT_WINDOWS;
  return first + ((localPort - first + ports * windows) % (ports * count));
}

/** What is random about one host's part of an attempt. */
export type AttemptDraw = Pick<AttemptParameters, "session" | "key" | "localPort" | "seed">;

/**
 * Draws session, key and ports of a trial from its seed: the same seed gives the same attempt, wherever it is played (I-7). The hosts' ports
 * are apart: two machines seldom choose the same, and where they do, a NAT that both stand behind cannot keep the port of one.
 */
export function drawAttempt(seed: string, role: "a" | "b"): AttemptDraw {
  const draw = seededBytes(seed, 24);
  const { first, ports, count } = ATTEMPT_WINDOWS;
  const window = draw.readUInt16LE(20) + (role === "a" ? 0 : count / 2);
  return {
    session: draw.toString("hex", 0, 8),
    key: draw.toString("hex", 8, 20),
    localPort: first + ports * (window % count),
    seed: draw.readUInt32LE(20),
  };
}

/** Seed of the bytes that `role` sends in one exchange of a trial. */
export function payloadSeed(seed: string, purpose: "exchange" | "after-cut", role: "a" | "b"): string {
  return `${seed}/${purpose}/${role}`;
}
