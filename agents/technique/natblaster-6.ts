import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { advance, beginSweep, widen, type Sweep } from "./ack-sweep.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import {
  peerOf,
  stay,
  SWEEP_PORTS,
  type HostAction,
  type HostEvent,
  type HostMachine,
  type Step,
  type XAction,
  type XMachine,
} from "./machine.ts";
import { endings, giveUp, raiseTtl } from "./punch.ts";
import { sprayStep, type SprayState } from "./spray-host.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6" }>;

/** How long A waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

interface Facts {
  readonly ttl?: number;
  readonly own?: Ipv4;
  /** Where X sees B. */
  readonly seen?: Endpoint;
  readonly localPort?: number;
}

type AnchorState =
  | ({ readonly phase: "preparing" } & Facts)
  | ({ readonly phase: "anchored"; readonly anchor: number; readonly found?: true } & Required<Omit<Facts, "ttl">> &
      Pick<Facts, "ttl">);

type AnchorStep = Step<AnchorState, HostAction>;

/**
 * NATBLASTER case 6: both NATs random, no source route; the paper leaves it at a search over both port spaces. Anchor and spray makes it two
 * searches one after the other: A's SYN to a port of NB that is a guess (the anchor) gets an outside port that X finds by a sweep of
 * ACKs; then B sends SYNs to that one port from ever more local ports, until NB maps one to the guessed port. To one destination a NAT
 * gives no port twice, so that as many SYNs as ports hit for certain. That SYN passes NA, A's socket answers it, and B, who sees the
 * answer, makes its socket by TCP_REPAIR. The guess is the port behind the one under which X sees B: where B has a block of ports of its own, the
 * guess should be in it.
 *
 * `low-ttl`: A's SYN and a first pass of B's die on the way, so that a NAT that answers SYNs with RST takes no mapping down.
 */
export function natblaster6Host(role: HostRole, options: Options): HostMachine<AnchorState> | HostMachine<SprayState> {
  const preparations: readonly HostAction[] = options.syn === "low-ttl" ? [{ kind: "measure-ttl" }] : [];
  if (role === "b")
    return hostOf({ phase: "idle" } as SprayState, preparations, (state, event) => sprayStep(state, event, options));
  return hostOf({ phase: "preparing" } as AnchorState, [{ kind: "choose-port" }, ...preparations], (state, event) =>
    anchorStep(state, event, options),
  );
}

function hostOf<State>(
  initial: State,
  preparations: readonly HostAction[],
  step: (state: State, event: HostEvent) => Step<State, HostAction>,
): HostMachine<State> {
  return {
    initial,
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      if (event.kind === "connected") return { state, actions: [{ kind: "greet", socket: event.socket }] };
      if (event.kind === "connect-failed") return { state, actions: giveUp(event) };
      if (event.kind === "told" && event.message.t === "paired") return { state, actions: preparations };
      return step(state, event);
    },
  };
}

function anchorStep(state: AnchorState, event: HostEvent, options: Options): AnchorStep {
  if (state.phase === "preparing") return prepare({ ...state, ...learned(event) }, options);
  const { anchor, own, localPort: first } = state;
  const [localPort, to, socket] = [first + anchor, anchorOf(state), socketOf(anchor)];
  switch (event.kind) {
    case "syn-seen":
      if (event.socket !== socket) return stay(state);
      return {
        state,
        actions: [
          { kind: "watch-sweep", localPort, from: to, isn: event.syn.isn },
          { kind: "tell", message: { t: "sweep", isn: event.syn.isn, port: to.port } },
        ],
      };
    case "hit": {
      const endpoint = { ip: own, port: port(event.outsidePort) };
      return { state: { ...state, found: true }, actions: [{ kind: "tell", message: { t: "hit", endpoint } }] };
    }
    case "elapsed": {
      if (state.found) return stay(state);
      const detail = "none of the ACKs of a sweep came through";
      return { state, actions: giveUp({ failure: "sweep-empty", detail }) };
    }
    case "told":
      return hear(state, event.message, options);
    default:
      return stay(state);
  }
}

function hear(
  state: Extract<AnchorState, { phase: "anchored" }>,
  message: Extract<HostEvent, { kind: "told" }>["message"],
  options: Options,
): AnchorStep {
  switch (message.t) {
    case "sweeping":
      if (state.found) return stay(state);
      return { state, actions: [{ kind: "tell", message: { t: "heard" } }] };
    case "swept": {
      const searched: HostAction = { kind: "searched", packets: message.packets };
      return {
        state,
        actions: state.found ? [searched] : [searched, { kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }],
      };
    }
    case "peer-waiting": // B's mappings are there: what A's socket sends from now on has to arrive
      return { state, actions: [raiseTtl(socketOf(state.anchor)), TELL_WAITING] };
    case "peer-missed": {
      if (state.anchor + 1 >= options.anchors) {
        const detail = `none of B's SYNs met one of ${options.anchors} anchors`;
        return { state, actions: giveUp({ failure: "no-collision", detail }) };
      }
      const { found: _, ...rest } = state;
      const next = drop({ ...rest, anchor: state.anchor + 1 });
      return {
        state: next.state,
        actions: [{ kind: "abort", socket: socketOf(state.anchor) }, ...next.actions],
      };
    }
    default:
      return stay(state);
  }
}

function learned(event: HostEvent): Facts {
  if (event.kind === "ttl-measured") return { ttl: event.ttl };
  if (event.kind === "port-chosen") return { localPort: event.localPort };
  if (event.kind !== "told") return {};
  if (event.message.t === "welcome") return { own: event.message.observed.ip };
  return event.message.t === "peer" ? { seen: event.message.endpoint } : {};
}

function prepare(state: Extract<AnchorState, { phase: "preparing" }>, { syn }: Options): AnchorStep {
  const { ttl, own, seen, localPort } = state;
  if (own === undefined || seen === undefined || localPort === undefined) return stay(state);
  if (syn === "low-ttl" && ttl === undefined) return stay(state);
  return drop({ phase: "anchored", anchor: 0, own, seen, localPort, ...(ttl !== undefined && { ttl }) });
}

/** Sends the SYN to the guessed port. */
function drop(state: Extract<AnchorState, { phase: "anchored" }>): AnchorStep {
  const { anchor, localPort, ttl } = state;
  const ends = { localPort: localPort + anchor, to: anchorOf(state), ...(ttl !== undefined && { ttl }) };
  return { state, actions: [{ kind: "connect", socket: socketOf(anchor), ...ends }] };
}

const socketOf = (anchor: number): string => `anchor-${anchor + 1}`;

function anchorOf({ anchor, seen }: { readonly anchor: number; readonly seen: Endpoint }): Endpoint {
  const { from, count } = SWEEP_PORTS;
  return { ip: seen.ip, port: port(from + ((Math.max(seen.port, from) - from + 1 + anchor) % count)) };
}

interface XState {
  readonly outside?: Readonly<Record<HostRole, Endpoint>>;
  readonly sweep?: Sweep | undefined;
}

export function natblaster6X(): XMachine<XState> {
  return {
    initial: {},
    step(state, event) {
      switch (event.kind) {
        case "paired": {
          const peer: XAction = { kind: "tell", to: "a", message: { t: "peer", endpoint: event.outside.b } };
          return { state: { outside: event.outside }, actions: [...tellBoth({ t: "paired" }), peer] };
        }
        case "swept":
          return state.sweep ? follow(state, advance(state.sweep, event.count)) : stay(state);
        case "told": {
          const failed = relayFailure(event.from, event.message);
          return failed ? { state, actions: failed } : hearX(state, event.from, event.message);
        }
        default:
          return stay(state);
      }
    },
  };
}

function hearX(
  state: XState,
  from: HostRole,
  message: Extract<Parameters<XMachine<XState>["step"]>[1], { kind: "told" }>["message"],
): Step<XState, XAction> {
  const { outside, sweep } = state;
  if (message.t === "waiting")
    return { state, actions: [{ kind: "tell", to: peerOf(from), message: { t: "peer-waiting" } }] };
  if (message.t === "missed" && from === "b")
    return { state, actions: [{ kind: "tell", to: "a", message: { t: "peer-missed", count: message.count } }] };
  if (message.t === "searching" && from === "b")
    return { state, actions: tellBoth({ t: "sweeping", packets: message.packets }) };
  if (from === "b" || !outside) return stay(state);
  switch (message.t) {
    case "sweep": {
      if (sweep || message.port === undefined) return stay(state);
      const target = { from: { ip: outside.b.ip, port: message.port }, to: outside.a.ip, isn: message.isn };
      return follow(state, beginSweep(target));
    }
    case "heard":
      return sweep ? follow(state, widen(sweep)) : stay(state);
    case "hit": {
      if (message.endpoint.ip !== outside.a.ip) return stay(state);
      const peer: XAction = { kind: "tell", to: "b", message: { t: "peer", endpoint: message.endpoint } };
      const packets = sweep?.sent;
      const end: XAction[] = packets === undefined ? [] : [{ kind: "tell", to: "a", message: { t: "swept", packets } }];
      return { state: { outside }, actions: [peer, ...end] };
    }
    default:
      return stay(state);
  }
}

function follow(state: XState, { state: sweep, actions }: Step<Sweep | undefined, XAction>): Step<XState, XAction> {
  return { state: { ...state, sweep }, actions };
}
