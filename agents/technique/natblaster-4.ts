import { port, type Endpoint, type Ipv4 } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/control.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import { forgeBoth, forgeLater, type Forgery } from "./forge.ts";
import { stay, type HostAction, type HostEvent, type HostMachine, type Step, type XMachine } from "./machine.ts";
import { endings, forgedOpening, giveUp, predicted, punchDelay, ttlOf } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-4" }>;

/** How long the random side waits for a hit after X said that everything was sent. */
const HIT_GRACE_MS = 150;

type State =
  | { readonly phase: "preparing"; readonly ttl?: number; readonly own?: Ipv4; readonly peer?: Endpoint }
  | { readonly phase: "ready"; readonly ttl?: number; readonly localPort: number }
  | { readonly phase: "flooding"; readonly ttl: number; readonly own: Ipv4; readonly peer: Endpoint }
  | { readonly phase: "punching"; readonly ttl?: number; readonly localPort: number; readonly peer: Endpoint };

/**
 * NATBLASTER case 4: NA random, NB predictable, no source routing. A floods NB's predicted port with raw low-TTL SYNs that
 * share one ISN; X answers with as many SYN+ACKs to random ports of NA, each carrying its port as payload. By the birthday
 * paradox one hits an open mapping: A then knows an inside and an outside port, keeps that mapping, and the direct phase
 * of case 2 runs with it.
 */
export function natblaster4Host(role: HostRole, options: Options): HostMachine<State> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event) ?? forgedOpening(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "syn-seen":
          return { state, actions: [{ kind: "tell", message: { t: "syn", syn: event.syn } }] };
        case "connect-failed":
          return { state, actions: giveUp(event) };
        case "told":
          if (event.message.t === "welcome" && state.phase === "preparing") {
            const welcomed = { ...state, own: event.message.observed.ip };
            return role === "a" ? flood(welcomed, options) : stay(welcomed);
          }
          if (event.message.t === "paired") return { state, actions: [{ kind: "measure-ttl" }] };
          return role === "a" ? floodStep(state, event, options) : answerStep(state, event, options);
        default:
          return role === "a" ? floodStep(state, event, options) : answerStep(state, event, options);
      }
    },
  };
}

type HostStep = Step<State, HostAction>;

/** The random side: flood, wait for a hit, connect from the port that was hit. */
function floodStep(state: State, event: HostEvent, options: Options): HostStep {
  if (state.phase === "preparing") {
    if (event.kind === "ttl-measured") return flood({ ...state, ttl: event.ttl }, options);
    if (event.kind === "told" && event.message.t === "peer")
      return flood({ ...state, peer: event.message.endpoint }, options);
  }
  if (state.phase !== "flooding") return stay(state);
  if (event.kind === "flooded")
    return { state, actions: [{ kind: "tell", message: { t: "flood", isn: event.isn, count: event.count } }] };
  if (event.kind === "told" && event.message.t === "sprayed")
    return { state, actions: [{ kind: "wait", timer: "no-hit", ms: HIT_GRACE_MS }] };
  if (event.kind === "elapsed" && event.timer === "no-hit") {
    const detail = `none of ${options.syns} forged SYN+ACKs came through`;
    return { state, actions: giveUp({ failure: "no-collision", detail }) };
  }
  if (event.kind !== "hit") return stay(state);
  const { ttl, own, peer } = state;
  return {
    state: { phase: "punching", ttl, localPort: event.localPort, peer },
    actions: [
      { kind: "tell", message: { t: "hit", endpoint: { ip: own, port: port(event.outsidePort) } } },
      { kind: "connect", socket: "punch", localPort: event.localPort, to: peer, ttl },
    ],
  };
}

/** Starts the flood as soon as the TTL, the own address and the peer's endpoint are known, whichever comes last. */
function flood(state: Extract<State, { phase: "preparing" }>, options: Options): HostStep {
  const { ttl, own, peer } = state;
  if (ttl === undefined || own === undefined || peer === undefined) return stay(state);
  return {
    state: { phase: "flooding", ttl, own, peer },
    actions: [
      { kind: "mute-resets", towards: peer },
      { kind: "flood", to: peer, count: options.syns, ttl },
    ],
  };
}

/** The predictable side: predict, wait until A's endpoint is known, punch towards it. */
function answerStep(state: State, event: HostEvent, options: Options): HostStep {
  if (event.kind === "ttl-measured" && state.phase === "preparing")
    return { state: { ...state, ttl: event.ttl }, actions: [{ kind: "predict" }] };
  if (event.kind === "predicted" && state.phase === "preparing") {
    const { localPort } = event.prediction;
    return { state: { ...ttlOf(state), phase: "ready", localPort }, actions: [predicted(event.prediction, options)] };
  }
  if (event.kind === "told" && event.message.t === "peer" && state.phase === "ready") {
    const peer = event.message.endpoint;
    return {
      state: { ...ttlOf(state), phase: "punching", localPort: state.localPort, peer },
      actions: [punchDelay("b", options)],
    };
  }
  if (event.kind === "elapsed" && state.phase === "punching")
    return {
      state,
      actions: [{ kind: "connect", socket: "punch", localPort: state.localPort, to: state.peer, ...ttlOf(state) }],
    };
  return stay(state);
}

interface XState extends Forgery {
  /** Address of A's NAT, from A's rendezvous connection. */
  readonly na?: Ipv4;
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
        case "elapsed":
          return { ...forgeLater(state, event.timer), state };
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          const { message, from } = event;
          if (message.t === "ready" && from === "b") {
            const endpoints = { ...state.endpoints, b: message.endpoint };
            return {
              state: { ...state, endpoints },
              actions: [{ kind: "tell", to: "a", message: { t: "peer", endpoint: message.endpoint } }],
            };
          }
          if (message.t === "flood" && from === "a" && state.na && state.endpoints.b) {
            const { isn, count } = message;
            return { state, actions: [{ kind: "spray", from: state.endpoints.b, to: state.na, count, isn }] };
          }
          if (message.t === "hit" && from === "a" && message.endpoint.ip === state.na) {
            const endpoints = { ...state.endpoints, a: message.endpoint };
            return {
              state: { ...state, endpoints },
              actions: [{ kind: "tell", to: "b", message: { t: "peer", endpoint: message.endpoint } }],
            };
          }
          const step = forgeBoth(state, from, message);
          return { ...step, state: { ...state, ...step.state } };
        }
        default:
          return stay(state);
      }
    },
  };
}
