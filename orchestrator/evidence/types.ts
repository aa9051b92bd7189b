import type { CapturedPacket } from "../../wire/capture.ts";
import type { AttemptResult, TransferResult } from "../../wire/attempt.ts";
import type { AgentEvent, NodeId } from "../../wire/control.ts";
import type { ConntrackRecord, FanTotal, FlowTotal, Sentinels } from "../../wire/evidence.ts";
import type { ByGateway, Side } from "../plan/shape.ts";

/** What one node's interfaces saw during an attempt. */
export interface Capture {
  readonly interfaces: readonly string[];
  readonly packets: readonly CapturedPacket[];
  readonly flows: readonly FlowTotal[];
  readonly fans?: readonly FanTotal[];
  /** Packets that are missing; more than 0 makes the capture no proof. */
  readonly lost: number;
  /** Whether the capture was live and read to its end; absent in evidence from before there were sentinels. */
  readonly sentinels?: Sentinels;
}

export type AgentLog = Extract<AgentEvent, { event: "log" }> & { readonly node: NodeId };

/** Data that both sides were told to send over the connection, and what each says it received. */
export interface Exchange {
  readonly bytes: number;
  /** Seeds of the byte streams; the receiver never learns the sender's. */
  readonly seeds: Readonly<Record<"a" | "b", string>>;
  readonly results: Readonly<Record<"a" | "b", TransferResult>>;
}

/** Everything that a verdict may rest on. */
export interface Evidence {
  /** Names the attempt; with `key` it gives the hello each side must have sent. */
  readonly session: string;
  readonly key: string;
  readonly startedAtUs: number;
  readonly attempts: Readonly<Record<"a" | "b", AttemptResult>>;
  /** The 1 MiB exchange; absent when the two agents do not both hold a connection. */
  readonly exchange?: Exchange;
  /** The exchange while X's link is cut at R. */
  readonly afterCut?: Exchange & { readonly fromUs: number; readonly toUs: number };
  /** Conntrack entries of every NAT, read while the connection was up; empty when there was none. */
  readonly entries: ByGateway<readonly ConntrackRecord[]>;
  readonly events: ByGateway<readonly ConntrackRecord[]>;
  /** Events that differed from those in `events` in nothing but ports, and were only counted. */
  readonly eventsBeyond?: number;
  readonly eventsLost: boolean;
  /** How many connections each NAT began to track, those in `eventsBeyond` included; absent where events were lost. */
  readonly entriesMade?: ByGateway<number>;
  readonly captures: Readonly<Partial<Record<NodeId, Capture>>>;
  readonly logs: readonly AgentLog[];
  /** Connections that the neighbours opened during the attempt, by side. */
  readonly neighbourOpened?: Readonly<Partial<Record<Side, number>>>;
}
