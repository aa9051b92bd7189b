import type { Endpoint, Ipv4 } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostMessage, HostRole } from "../../wire/rendezvous.ts";
import { advance, beginSweep, widen, type Sweep } from "./ack-sweep.ts";
import { floodStep, type BirthdayState } from "./birthday-host.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import { forgeBoth, forgeLater, type Forgery } from "./forge.ts";
import {
  stay,
  type HostAction,
  type HostEvent,
  type HostMachine,
  type Step,
  type XAction,
  type XMachine,
} from "./machine.ts";
import { connectFrom, endings, forgedOpening, giveUp, predicted, punchDelay, ttlOf } from "./punch.ts";
import { searchOutside, type SweepState } from "./sweep-host.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-4" }>;
type NatblasterHost = HostMachine<AnswerState> | HostMachine<BirthdayState> | HostMachine<SweepState>;

/**
 * NATBLASTER case 4: NA random, NB predictable, no source routing. A learns its own outside port, and the direct phase of case 2 runs with
 * it. `birthday`, as in the paper: A floods NB's predicted port with raw low-TTL SYNs that share one ISN; X answers with as many SYN+ACKs to
 * random ports of NA, each carrying its port as payload. By the birthday paradox one hits an open mapping: A then knows an inside
 * and an outside port, and keeps that mapping. `ack-sweep`: A sends one SYN, and X tries all ports (ack-sweep.ts).
 */
export function natblaster4Host(role: HostRole, options: Options): NatblasterHost {
  if (role === "b") return hostOf((state: AnswerState, event) => answerStep(state, event, options));
  if (options.search === "ack-sweep")
    return hostOf((state: SweepState, event) => searchOutside(state, event, options), [{ kind: "choose-port" }]);
  return hostOf((state: BirthdayState, event) => floodStep(state, event, options));
}

/** What all of them have in common: how they begin, how a forged opening goes on, and how it ends. */
function hostOf<State extends { readonly phase: string }>(
  step: (state: State | { readonly phase: "preparing" }, event: HostEvent) => Step<State, HostAction>,
  preparations: readonly HostAction[] = [],
): HostMachine<State> {
  return {
    initial: { phase: "preparing" } as State,
    step(state, event) {
      const ending = endings(event) ?? forgedOpening(event);
      if (ending) return { state, actions: ending };
      if (event.kind === "connect-failed") return { state, actions: giveUp(event) };
      if (event.kind === "told" && event.message.t === "paired")
        return { state, actions: [...preparations, { kind: "measure-ttl" }] };
      return step(state, event);
    },
  };
}

type AnswerState =
  | { readonly phase: "preparing"; readonly ttl?: number }
  | { readonly phase: "ready"; readonly ttl?: number; readonly localPort: number }
  | { readonly phase: "punching"; readonly ttl?: number; readonly localPort: number; readonly to: Endpoint };

/** The predictable side: predict, wait until A's endpoint is known, punch towards it. */
function answerStep(state: AnswerState, event: HostEvent, options: Options): Step<AnswerState, HostAction> {
  switch (event.kind) {
    case "ttl-measured":
      if (state.phase !== "preparing") return stay(state);
      return { state: { ...state, ttl: event.ttl }, actions: [{ kind: "predict" }] };
    case "predicted": {
      if (state.phase !== "preparing") return stay(state);
      const { localPort } = event.prediction;
      return { state: { ...ttlOf(state), phase: "ready", localPort }, actions: [predicted(event.prediction, options)] };
    }
    case "told":
      if (event.message.t !== "peer" || state.phase !== "ready") return stay(state);
      return {
        state: { ...state, phase: "punching", to: event.message.endpoint },
        actions: [punchDelay("b", options)],
      };
    case "elapsed":
      return state.phase === "punching" ? { state, actions: [connectFrom(state)] } : stay(state);
    case "syn-seen":
      return { state, actions: [{ kind: "tell", message: { t: "syn", syn: event.syn } }] };
    default:
      return stay(state);
  }
}

interface XState extends Forgery {
  /** Address of A's NAT, from A's rendezvous connection. */
  readonly na?: Ipv4;
  readonly sweep?: Sweep | undefined;
}

export function natblaster4X(): XMachine<XState> {
  return {
    initial: { endpoints: {}, syns: {}, established: [] },
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return { state: { ...state, na: event.outside.a.ip }, actions: tellBoth({ t: "paired" }) };
        case "sprayed":
          return { state, actions: [{ kind: "tell", to: "a", message: { t: "sprayed", count: event.count } }] };
        case "swept":
          return state.sweep ? swept(state, advance(state.sweep, event.count)) : stay(state);
        case "elapsed":
          return { ...forgeLater(state, event.timer), state };
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          const step =
            event.from === "a" ? hearRandomSide(state, event.message) : hearPredictableSide(state, event.message);
          if (step) return step;
          const forged = forgeBoth(state, event.from, event.message);
          return { ...forged, state: { ...state, ...forged.state } };
        }
        default:
          return stay(state);
      }
    },
  };
}

type XStep = Step<XState, XAction>;

function hearPredictableSide(state: XState, message: HostMessage): XStep | undefined {
  if (message.t !== "ready") return undefined;
  const { endpoint } = message;
  return {
    state: { ...state, endpoints: { ...state.endpoints, b: endpoint } },
    actions: [{ kind: "tell", to: "a", message: { t: "peer", endpoint } }],
  };
}

/** A search begins, goes on, or has found A's outside port. */
function hearRandomSide(state: XState, message: HostMessage): XStep | undefined {
  const { na, sweep, endpoints } = state;
  if (message.t === "heard") return sweep ? swept(state, widen(sweep)) : stay(state);
  if (na === undefined || !endpoints.b) return undefined;
  switch (message.t) {
    case "flood": {
      const { isn, count } = message;
      return { state, actions: [{ kind: "spray", from: endpoints.b, to: na, count, isn }] };
    }
    case "sweep":
      return sweep ? stay(state) : swept(state, beginSweep({ from: endpoints.b, to: na, isn: message.isn }));
    case "hit":
      return message.endpoint.ip === na ? found(state, message.endpoint) : undefined;
    default:
      return undefined;
  }
}

/** B's turn; a sweep has no more to look for. */
function found({ sweep, ...state }: XState, endpoint: Endpoint): XStep {
  const end: XAction[] = sweep ? [{ kind: "tell", to: "a", message: { t: "swept", packets: sweep.sent } }] : [];
  return {
    state: { ...state, endpoints: { ...state.endpoints, a: endpoint } },
    actions: [{ kind: "tell", to: "b", message: { t: "peer", endpoint } }, ...end],
  };
}

function swept(state: XState, { state: sweep, actions }: Step<Sweep | undefined, XAction>): XStep {
  return { state: { ...state, sweep }, actions };
}
