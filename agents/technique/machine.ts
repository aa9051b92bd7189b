import type { Endpoint, Ipv4 } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { HostMessage, HostRole, SynReport, XMessage } from "../../wire/rendezvous.ts";

/**
 * A technique is a pair of state machines without I/O, one for the hosts and one for X:
 * `step(state, event)` returns the next state and what to do. The drivers (agents/host-driver.ts with agents/host-network.ts, and
 * agents/x-session.ts) turn actions into packets and packets into events; a simulated network can do the same in virtual time.
 */
export interface Step<State, Action> {
  readonly state: State;
  readonly actions: readonly Action[];
}

export interface Machine<State, Event, Action> {
  readonly initial: State;
  step(state: State, event: Event): Step<State, Action>;
}

/** A socket of an attempt, named by its machine. What a listener accepts is named after it: `listener-1`, `listener-2`, … */
export type SocketName = string;

/** Outside endpoint that the next connection from `localPort` is predicted to have. */
export interface Prediction {
  readonly localPort: number;
  readonly outside: Endpoint;
}

export type HostEvent =
  | { readonly kind: "told"; readonly message: XMessage }
  /** `localAddress`: this host's own address on the way to X. */
  | { readonly kind: "predicted"; readonly prediction: Prediction; readonly localAddress: Ipv4 }
  | { readonly kind: "ttl-measured"; readonly ttl: number }
  | { readonly kind: "syn-seen"; readonly socket: SocketName; readonly syn: SynReport }
  | { readonly kind: "listening"; readonly socket: SocketName }
  | { readonly kind: "connected"; readonly socket: SocketName }
  /** It did not connect, it broke before it was adopted, or who answered there is not the peer. */
  | {
      readonly kind: "connect-failed";
      readonly socket: SocketName;
      readonly failure: FailureCode;
      readonly detail: string;
    }
  /** The peer proved on this socket that it has the session's key: data flows both ways. */
  | { readonly kind: "verified"; readonly socket: SocketName }
  /** Both sides have said on this socket that it is the one. */
  | { readonly kind: "agreed"; readonly socket: SocketName }
  | { readonly kind: "port-chosen"; readonly localPort: number }
  | { readonly kind: "drawn"; readonly ports: readonly number[] }
  | { readonly kind: "numbers-drawn"; readonly syn: SynReport }
  /** A socket was made that takes itself for connected. */
  | { readonly kind: "injected"; readonly socket: SocketName }
  /** So many SYNs of a spray have left, and more are to come. */
  | { readonly kind: "spraying"; readonly count: number }
  /** All SYNs of a spray have left. */
  | { readonly kind: "syns-sprayed"; readonly count: number }
  /** The peer's SYN+ACK for one of the spray's SYNs: with these numbers the connection stands. */
  | ({ readonly kind: "answered" } & SprayHit)
  /** The peer's own SYN has come to one of the spray's local ports: with these numbers a connection can stand. */
  | ({ readonly kind: "met" } & SprayHit)
  | { readonly kind: "flooded"; readonly isn: number; readonly count: number }
  /** A packet of X's search reached this host: it carries the outside port, its destination is the inside port; `ack`: what it acknowledges. */
  | { readonly kind: "hit"; readonly localPort: number; readonly outsidePort: number; readonly ack: number }
  | { readonly kind: "elapsed"; readonly timer: string };

/** What came back, `from` where a spray had gone. */
interface SprayHit {
  readonly from: Endpoint;
  readonly localPort: number;
  readonly own: SynReport;
  readonly peer: SynReport;
}

export type HostAction =
  /** Run the two prediction tests of Fig. 3 and predict the connection after them. */
  | { readonly kind: "predict" }
  /** Choose a local port where nothing has to be predicted; `port-chosen` follows. */
  | { readonly kind: "choose-port" }
  /** Find the TTL with which a SYN dies one hop short of X. */
  | { readonly kind: "measure-ttl" }
  | {
      readonly kind: "connect";
      readonly socket: SocketName;
      readonly localPort: number;
      readonly to: Endpoint;
      readonly ttl?: number;
      /** Loosely source-routed over X (RFC 791 section 3.1), until `leave-route`. */
      readonly byWayOfX?: true;
      /** No `syn-seen`: whoever does not need it needs no capability either. */
      readonly unwatched?: true;
    }
  /** Send the SYN that was seen last once more, straight to where it is meant to go, with this TTL. */
  | { readonly kind: "copy-syn"; readonly ttl: number }
  /** Answer the peer's SYN in the name of the socket whose own SYN was seen last: a raw SYN+ACK with that one's sequence number. */
  | { readonly kind: "answer-syn"; readonly syn: SynReport }
  /** Answer the peer's SYN that a spray has met: a raw SYN+ACK from the port that it came to. */
  | {
      readonly kind: "answer-met";
      readonly localPort: number;
      readonly to: Endpoint;
      readonly own: SynReport;
      readonly peer: SynReport;
    }
  /** From now on the socket's packets take the straight way. */
  | { readonly kind: "leave-route"; readonly socket: SocketName }
  /** Closes a socket; nothing is sent where it is still connecting, a RST where it is connected. */
  | { readonly kind: "abort"; readonly socket: SocketName }
  /** `listening` follows, and `connected` for every connection that is accepted. */
  | { readonly kind: "listen"; readonly socket: SocketName; readonly localPort: number }
  | { readonly kind: "set-ttl"; readonly socket: SocketName; readonly ttl: number }
  /** Exchange nonces with the peer on a connected socket; `verified` follows. */
  | { readonly kind: "greet"; readonly socket: SocketName }
  /** Of several verified sockets this is to be the one; `agreed` follows once the peer has said so too. */
  | { readonly kind: "choose"; readonly socket: SocketName }
  /** Leave it to the peer whether this verified socket is the one; `agreed` follows if it is. */
  | { readonly kind: "await-choice"; readonly socket: SocketName }
  /** Join a relayed connection through X instead of a direct one. */
  | { readonly kind: "join-relay"; readonly socket: SocketName }
  /** Draw distinct ports at random: local ones of this host, or ports that a NAT may give. `drawn` follows. */
  | { readonly kind: "draw-ports"; readonly of: "this-host" | "a-nat"; readonly count: number }
  /** Send `count` raw SYNs with one ISN from distinct local ports; answers to them are watched for (`hit`). */
  | { readonly kind: "flood"; readonly to: Endpoint; readonly count: number; readonly ttl: number }
  /**
   * X will send ACKs "from" `from` that fit a SYN with this ISN from `localPort`; the one that arrives is a `hit`. `shifted`: whatever
   * number it acknowledges by then.
   */
  | {
      readonly kind: "watch-sweep";
      readonly localPort: number;
      readonly from: Endpoint;
      readonly isn: number;
      readonly shifted?: true;
    }
  /** A search has taken so many packets: they count as the attempt's. */
  | { readonly kind: "searched"; readonly packets: number }
  /** Draw what a SYN of this host would say; `numbers-drawn` follows. */
  | { readonly kind: "draw-numbers" }
  /** Make a socket that is ESTABLISHED with these numbers; `announce`: it sends an empty ACK at once. `injected` follows. */
  | {
      readonly kind: "inject";
      readonly socket: SocketName;
      readonly localPort: number;
      readonly to: Endpoint;
      readonly own: SynReport;
      readonly peer: SynReport;
      readonly announce: boolean;
      readonly ttl?: number;
    }
  /**
   * Send a raw SYN to `to` from each of `count` local ports, all with one ISN. Then `syns-sprayed`; an answer of the peer's host is
   * `answered`. `meets`: the peer sprays as well, and a SYN of its own from `to` is `met`.
   */
  | {
      readonly kind: "spray-syns";
      readonly to: Endpoint;
      readonly count: number;
      readonly ttl?: number;
      readonly meets?: true;
    }
  /** Keep this host's kernel from answering with RST what arrives for no socket, as a visible rule. */
  | { readonly kind: "mute-resets"; readonly towards: Endpoint }
  | { readonly kind: "tell"; readonly message: HostMessage }
  | { readonly kind: "wait"; readonly timer: string; readonly ms: number }
  /** This is the connection; every other socket of the attempt is reset. */
  | { readonly kind: "adopt"; readonly socket: SocketName }
  | { readonly kind: "give-up"; readonly failure: FailureCode; readonly detail: string };

export type XEvent =
  /** Both sides are connected and authenticated; `outside` is where their rendezvous connections come from. */
  | { readonly kind: "paired"; readonly outside: Readonly<Record<HostRole, Endpoint>> }
  | { readonly kind: "told"; readonly from: HostRole; readonly message: HostMessage }
  | { readonly kind: "sprayed"; readonly count: number }
  /** So many more of a sweep's ACKs were sent. */
  | { readonly kind: "swept"; readonly count: number }
  /** A source-routed SYN came by that is meant for `to`, one of the two sides' addresses. */
  | { readonly kind: "routed-syn"; readonly from: Endpoint; readonly to: Endpoint; readonly syn: SynReport }
  | { readonly kind: "elapsed"; readonly timer: string };

export type XAction =
  | { readonly kind: "tell"; readonly to: HostRole; readonly message: XMessage }
  /** Report source-routed SYNs between the two sides for as long as the session lasts (`routed-syn`); they are not passed on. */
  | { readonly kind: "watch-routed-syns" }
  /** Forge the SYN+ACK that `of` would have answered to the SYN of `to`. */
  | {
      readonly kind: "forge-syn-ack";
      readonly from: Endpoint;
      readonly to: Endpoint;
      readonly syn: SynReport;
      readonly of: SynReport;
    }
  /** Send `count` SYN+ACKs "from" `from` to distinct random ports of `to`, each with its port as payload. */
  | {
      readonly kind: "spray";
      readonly from: Endpoint;
      readonly to: string;
      readonly count: number;
      readonly isn: number;
    }
  /**
   * Send ACKs "from" `from` to `count` ports of `to`, each with its port as IP identification: those from number `first` on in an order
   * that has every port of a NAT (SWEEP_PORTS) once.
   */
  | {
      readonly kind: "sweep";
      readonly from: Endpoint;
      readonly to: Ipv4;
      readonly isn: number;
      readonly first: number;
      readonly count: number;
    }
  | { readonly kind: "wait"; readonly timer: string; readonly ms: number };

/** Outside ports that a search has to try (RFC 4787 section 4.2.1: a NAT leaves the well-known ports alone). */
export const SWEEP_PORTS = { from: 1_024, count: 64_512 } as const;

export type HostMachine<State> = Machine<State, HostEvent, HostAction>;
export type XMachine<State> = Machine<State, XEvent, XAction>;

/** Full TTL of a socket once its SYN is out: Linux's default (RFC 1700's recommendation). */
export const FULL_TTL = 64;

/** The peer's role. */
export const peerOf = (role: HostRole): HostRole => (role === "a" ? "b" : "a");

/** Nothing changes, nothing to do. */
export function stay<State, Action>(state: State): Step<State, Action> {
  return { state, actions: [] };
}
