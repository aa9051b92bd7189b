import type { Endpoint } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { FULL_TTL, type HostAction, type HostEvent, type Prediction, type SocketName } from "./machine.ts";
import { shiftedPort } from "./shifted-port.ts";

/** Options of every punching technique; see wire/attempt.ts. */
export interface PunchOptions {
  readonly predictionOffset: number;
  readonly gapMs: number;
  readonly skewMs: number;
}

/** Tells X where the peer's SYN should go, and what else the peer or X has to know; a deliberate mis-prediction shifts the port. */
export function predicted(
  { outside }: Prediction,
  { predictionOffset }: PunchOptions,
  more: { readonly copies?: boolean; readonly private?: Endpoint } = {},
): HostAction {
  const endpoint = { ip: outside.ip, port: shiftedPort(outside.port, predictionOffset) };
  return { kind: "tell", message: { t: "ready", endpoint, ...more } };
}

/** The wait between learning the peer's endpoint and punching. */
export function punchDelay(role: HostRole, { gapMs, skewMs }: PunchOptions): HostAction {
  return { kind: "wait", timer: "punch", ms: gapMs + (role === "b" ? skewMs : 0) };
}

/** The TTL of a state that may have measured one. */
export const ttlOf = ({ ttl }: { readonly ttl?: number }): { readonly ttl?: number } =>
  ttl === undefined ? {} : { ttl };

/** The SYN towards the peer's predicted endpoint, with the measured TTL if one was. */
export function connectFrom(punch: { localPort: number; to: Endpoint; ttl?: number }): HostAction {
  const { localPort, to } = punch;
  return { kind: "connect", socket: "punch", localPort, to, ...ttlOf(punch) };
}

/** What the socket sends from now on goes all the way. */
export function raiseTtl(socket: SocketName): HostAction {
  return { kind: "set-ttl", socket, ttl: FULL_TTL };
}

/** What ends every punching technique the same way: data both ways, a peer that gave up or is gone, or an X that cannot. */
export function endings(event: HostEvent): readonly HostAction[] | undefined {
  return event.kind === "verified" ? [{ kind: "adopt", socket: event.socket }] : abandoned(event);
}

/** What there is to do where the peer gave up or is gone, or X cannot. */
export function abandoned(event: HostEvent): readonly HostAction[] | undefined {
  if (event.kind !== "told") return undefined;
  switch (event.message.t) {
    case "peer-failed":
      return [{ kind: "give-up", failure: "peer-failed", detail: event.message.reason }];
    case "peer-left":
      return [{ kind: "give-up", failure: "peer-failed", detail: "the peer has left X" }];
    case "x-failed":
      return [{ kind: "give-up", failure: "x-failed", detail: event.message.reason }];
    default:
      return undefined;
  }
}

/**
 * A handshake that X forged: each side's kernel is ESTABLISHED on its own, so the first data waits until X has heard so
 * from both. Sent earlier it is dropped at a peer that is still in SYN_SENT, and repeated only 200 ms later.
 */
export function forgedOpening(event: HostEvent): readonly HostAction[] | undefined {
  if (event.kind === "connected")
    return [
      // not before: the kernel repeats a SYN after 1 s, and that one must die on the way as well
      raiseTtl(event.socket),
      { kind: "tell", message: { t: "established" } },
    ];
  if (event.kind === "told" && event.message.t === "open") return [{ kind: "greet", socket: "punch" }];
  return undefined;
}

/** A RST or an ICMP error came back for the SYN: it has passed the own NAT all the same. */
export function refused({ failure }: { readonly failure: FailureCode }): boolean {
  return failure === "peer-nat-reset" || failure === "icmp-leak";
}

/** A connection that the listener `punch` accepted: whoever it was with, the listener stands, and its failure is that of this one alone. */
export function isAccepted({ socket }: { readonly socket: SocketName }): boolean {
  return socket !== "punch";
}

/** Ends the attempt and lets the peer know why. */
export function giveUp({
  failure,
  detail,
}: {
  readonly failure: FailureCode;
  readonly detail: string;
}): readonly HostAction[] {
  return [
    { kind: "tell", message: { t: "failed", reason: failure } },
    { kind: "give-up", failure, detail },
  ];
}
