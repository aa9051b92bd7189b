import type { Endpoint, Ipv4, Port } from "../../../wire/address.ts";
import type { Traversal } from "../../../wire/technique.ts";
import type { HostRole, SynReport } from "../../../wire/rendezvous.ts";
import { hostMachine, xMachine } from "../../../agents/technique/index.ts";
import type { HostAction, HostEvent, SocketName, XAction, XEvent } from "../../../agents/technique/machine.ts";
import { describeHost, describeX } from "./transcript.ts";

/** A message on its way, a measurement, a packet: everything that takes time takes this long. */
const HOP_MS = 1;

export const OUTSIDE = {
  a: { ip: "192.0.2.2" as Ipv4, port: 40_001 as Port },
  b: { ip: "198.51.100.2" as Ipv4, port: 50_001 as Port },
} as const satisfies Record<HostRole, Endpoint>;
export const INSIDE = { a: "10.1.0.2" as Ipv4, b: "10.2.0.2" as Ipv4 } as const;
const LOCAL_PORT = { a: 5001, b: 6001 } as const;

export const SYN: Readonly<Record<HostRole, SynReport>> = {
  a: { isn: 100, window: 64_240, mss: 1460, windowScale: 10, sackPermitted: true, tsval: 7 },
  b: { isn: 200, window: 64_240, mss: 1400, windowScale: 7, sackPermitted: true, tsval: 9 },
};

type Connect = Extract<HostAction, { kind: "connect" }>;
type SpraySyns = Extract<HostAction, { kind: "spray-syns" }>;
type AnswerMet = Extract<HostAction, { kind: "answer-met" }>;
type Sweep = Extract<XAction, { kind: "sweep" }>;
type Spray = Extract<XAction, { kind: "spray" }>;

/** What the two NATs and the net between do with packets; each answer comes one hop after what it answers. */
export interface Network {
  /** What becomes of the n-th SYN (from 1) of a host at a time in ms. */
  readonly syn?: (from: HostRole, nth: number, atMs: number, connect: Connect) => readonly Delivery[];
  /** The source under which a host's SYN that goes by way of X gets there, if it does. */
  readonly routed?: (from: HostRole, connect: Connect) => Endpoint | undefined;
  /** Whether the n-th SYN+ACK for a host (from 1), X's or its peer's own, gets there; by default every one does. */
  readonly synAck?: (to: HostRole, nth: number) => boolean;
  /** What becomes of a pass of a spray. */
  readonly sprayed?: (spray: SpraySyns, from: HostRole) => readonly Delivery[];
  /** What becomes of the SYN+ACK to a SYN that a spray has met. */
  readonly met?: (from: HostRole, answer: AnswerMet) => readonly Delivery[];
  /** The one ACK of X's that gets through in a part of a sweep, if there is one. */
  readonly sweep?: (
    sweep: Sweep,
  ) => { readonly localPort: number; readonly outsidePort: number; readonly ack?: number } | undefined;
  /** The hit of X's spray, if there is one. */
  readonly spray?: (spray: Spray) => { readonly localPort: number; readonly outsidePort: number } | undefined;
}
export interface Delivery {
  readonly to: HostRole;
  readonly event: HostEvent;
}

type Who = HostRole | "x";
interface Due {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * Plays a technique between A, B and X in virtual time and returns one line per action, `<ms> <who> <what>`. Messages take a
 * hop; X welcomes and pairs both hosts at 0.
 */
export function simulate(technique: Traversal, network: Network = {}): string[] {
  const transcript: string[] = [];
  const due: Due[] = [];
  let nowMs = 0;
  const hosts = { a: hostMachine("a", technique), b: hostMachine("b", technique), x: xMachine(technique.name) };
  const states: Record<Who, unknown> = { a: hosts.a.initial, b: hosts.b.initial, x: hosts.x.initial };
  const ended = new Set<HostRole>();
  const greeted = new Map<HostRole, SocketName>();
  const [syns, synAcks] = [
    { a: 0, b: 0 },
    { a: 0, b: 0 },
  ];

  const later = (ms: number, run: () => void): void => void due.push({ atMs: nowMs + ms, run });
  const hop = (run: () => void): void => later(HOP_MS, run);
  const note = (who: Who, what: string): void => void transcript.push(`${nowMs} ${who} ${what}`);

  function host(role: HostRole, event: HostEvent): void {
    if (ended.has(role)) return;
    const { state, actions } = hosts[role].step(states[role], event);
    states[role] = state;
    for (const action of actions) {
      note(role, describeHost(action));
      perform(role, action);
    }
  }

  function perform(role: HostRole, action: HostAction): void {
    switch (action.kind) {
      case "predict": {
        const prediction = { localPort: LOCAL_PORT[role], outside: OUTSIDE[role] };
        return hop(() => host(role, { kind: "predicted", prediction, localAddress: INSIDE[role] }));
      }
      case "measure-ttl":
        return hop(() => host(role, { kind: "ttl-measured", ttl: 3 }));
      case "tell":
        return hop(() => x({ kind: "told", from: role, message: action.message }));
      case "wait":
        return later(action.ms, () => host(role, { kind: "elapsed", timer: action.timer }));
      case "connect": {
        const nth = ++syns[role];
        const deliveries = network.syn?.(role, nth, nowMs, action) ?? [];
        const source = action.byWayOfX && network.routed?.(role, action);
        return hop(() => {
          deliveries.forEach(({ to, event }) => host(to, event));
          if (source) x({ kind: "routed-syn", from: source, to: action.to, syn: SYN[role] });
        });
      }
      case "listen":
        return hop(() => host(role, { kind: "listening", socket: action.socket }));
      case "choose-port":
        return hop(() => host(role, { kind: "port-chosen", localPort: LOCAL_PORT[role] }));
      case "draw-ports":
        return hop(() => host(role, { kind: "drawn", ports: drawn(action) }));
      case "flood":
        return hop(() => host(role, { kind: "flooded", isn: 77, count: action.count }));
      case "join-relay":
        return hop(() => host(role, { kind: "connected", socket: "punch" }));
      case "greet":
        greeted.set(role, action.socket);
        if (greeted.size === 2) hop(() => greeted.forEach((socket, one) => host(one, { kind: "verified", socket })));
        return;
      case "answer-syn":
        return answer(role === "a" ? "b" : "a");
      case "answer-met": {
        const deliveries = network.met?.(role, action) ?? [];
        return hop(() => deliveries.forEach(({ to, event }) => host(to, event)));
      }
      case "choose":
        return hop(() => greeted.forEach((socket, one) => host(one, { kind: "agreed", socket })));
      case "adopt":
      case "give-up":
        return void ended.add(role);
      case "await-choice":
      case "abort":
      case "copy-syn":
      case "leave-route":
      case "set-ttl":
      case "mute-resets":
      case "watch-sweep":
      case "searched":
        return;
      case "draw-numbers":
        return hop(() => host(role, { kind: "numbers-drawn", syn: SYN[role] }));
      case "inject":
        return hop(() => host(role, { kind: "injected", socket: action.socket }));
      case "spray-syns": {
        const deliveries = network.sprayed?.(action, role) ?? [];
        return hop(() => {
          deliveries.forEach(({ to, event }) => host(to, event));
          host(role, { kind: "syns-sprayed", count: action.count });
        });
      }
    }
  }

  function answer(to: HostRole): void {
    const arrives = network.synAck?.(to, ++synAcks[to]) ?? true;
    if (arrives) hop(() => host(to, { kind: "connected", socket: "punch" }));
  }

  function x(event: XEvent): void {
    const { state, actions } = hosts.x.step(states.x, event);
    states.x = state;
    for (const action of actions) {
      note("x", describeX(action));
      performX(action);
    }
  }

  function performX(action: XAction): void {
    switch (action.kind) {
      case "tell":
        return hop(() => host(action.to, { kind: "told", message: action.message }));
      case "wait":
        return later(action.ms, () => x({ kind: "elapsed", timer: action.timer }));
      case "forge-syn-ack":
        return answer(action.to.ip === OUTSIDE.a.ip ? "a" : "b");
      case "spray": {
        const hit = network.spray?.(action);
        if (hit) hop(() => host("a", { kind: "hit", ack: (action.isn + 1) >>> 0, ...hit }));
        return hop(() => x({ kind: "sprayed", count: action.count }));
      }
      case "sweep": {
        const hit = network.sweep?.(action);
        if (hit) hop(() => host("a", { kind: "hit", ack: (action.isn + 1) >>> 0, ...hit }));
        return hop(() => x({ kind: "swept", count: action.count }));
      }
      case "watch-routed-syns":
    }
  }

  for (const role of ["a", "b"] as const)
    host(role, { kind: "told", message: { t: "welcome", v: 1, observed: { ...OUTSIDE[role], port: 999 as Port } } });
  x({ kind: "paired", outside: OUTSIDE });
  for (let next = soonest(due); next; next = soonest(due)) {
    nowMs = next.atMs;
    next.run();
  }
  return transcript;
}

/** Ports that are easily told apart. */
function drawn({ of, count }: Extract<HostAction, { kind: "draw-ports" }>): number[] {
  return Array.from({ length: count }, (_, index) => (of === "this-host" ? 20_000 : 30_000) + index);
}

/** Takes the earliest out; of several at one time the one that was asked for first. */
function soonest(due: Due[]): Due | undefined {
  const first = due.toSorted((one, other) => one.atMs - other.atMs)[0];
  if (first) due.splice(due.indexOf(first), 1);
  return first;
}
