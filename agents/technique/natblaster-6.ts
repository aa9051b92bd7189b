import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { advance, beginSweep, widen, type Sweep } from "./ack-sweep.ts";
import { anchorStep, type AnchorState } from "./anchor-host.ts";
import { blindStep, type BlindState } from "./blind-host.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import {
  peerOf,
  stay,
  type HostAction,
  type HostEvent,
  type HostMachine,
  type Step,
  type XAction,
  type XMachine,
} from "./machine.ts";
import { endings, giveUp } from "./punch.ts";
import { sprayStep, type SprayState } from "./spray-host.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6" }>;

/**
 * NATBLASTER case 6: both NATs random, no source route; the paper leaves it at a search over both port spaces. Anchor and spray makes it two
 * searches one after the other: A's SYN to a port of NB that is a guess (the anchor) gets an outside port that X finds by a sweep of
 * ACKs; then B sends SYNs to that one port from ever more local ports, until NB maps one to the guessed port. To one destination a NAT
 * gives no port twice, so that as many SYNs as ports hit, but for a last percent that Linux gives up to find a port for
 * (nf_nat_l4proto_unique_tuple looks at 248): where one port is missed the next is tried. That SYN passes NA, A's socket answers it, and B, who sees the
 * answer, makes its socket by TCP_REPAIR. The guess is the port behind the one under which X sees B: where B has a block of ports of its own, the
 * guess should be in it.
 *
 * `low-ttl`: A's SYN and a first pass of B's die on the way, so that a NAT that answers SYNs with RST takes no mapping down.
 * `search: "blind"`: both spray at once, and X only says where each is seen (blind-host.ts).
 */
export function natblaster6Host(
  role: HostRole,
  options: Options,
): HostMachine<AnchorState> | HostMachine<SprayState> | HostMachine<BlindState> {
  const preparations: readonly HostAction[] = options.syn === "low-ttl" ? [{ kind: "measure-ttl" }] : [];
  if (options.search === "blind")
    return hostOf({ phase: "preparing" } as BlindState, preparations, (state, event) =>
      blindStep(state, event, role, options),
    );
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
  if (message.t === "missed")
    return {
      state,
      actions: [{ kind: "tell", to: peerOf(from), message: { t: "peer-missed", count: message.count } }],
    };
  if (message.t === "searching") return { state, actions: tellBoth({ t: "sweeping", packets: message.packets }) };
  if (from === "b" || !outside) return stay(state);
  switch (message.t) {
    case "ready":
      return { state, actions: [{ kind: "tell", to: "b", message: { t: "peer", endpoint: message.endpoint } }] };
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
