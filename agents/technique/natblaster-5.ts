import { sameEndpoint, type Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, SynReport, XMessage } from "../../wire/rendezvous.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import { forgeLater } from "./forge.ts";
import {
  peerOf,
  stay,
  type HostAction,
  type HostMachine,
  type Step,
  type XAction,
  type XEvent,
  type XMachine,
} from "./machine.ts";
import { ROUTED, hear, readSyn, routedOpening, type Routed } from "./natblaster-1.ts";
import { endings, giveUp, predicted, punchDelay } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-5" }>;

type HostState =
  | { readonly phase: "preparing" }
  | { readonly phase: "ready"; readonly localPort: number }
  | { readonly phase: "aiming"; readonly localPort: number; readonly to: Endpoint; readonly aims: number };

/**
 * A host of NATBLASTER case 5: both NATs random, source routes. The paper names the case and gives no protocol. X reads each side's outside
 * port off its SYN, as in case 3, but A's first SYN has to be aimed before B has a port at all. So it is aimed at a guess, and each
 * side aims anew, from the same local port, at what X has read meanwhile. That meets as soon as one of the NATs keeps the port for another
 * port of the same peer (mapping independent of the endpoint, or of its port). With `aims: 1` nobody aims twice.
 */
export function natblaster5Host(role: HostRole, options: Options): HostMachine<HostState> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event) ?? routedOpening(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired") return { state, actions: [{ kind: "predict" }] };
          return event.message.t === "peer" ? aim(state, event.message, role, options) : stay(state);
        case "predicted":
          if (state.phase !== "preparing") return stay(state);
          return {
            state: { phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          return state.phase === "aiming" ? { state, actions: [sendSyn(state)] } : stay(state);
        case "connect-failed":
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

function aim(
  state: HostState,
  { endpoint: to }: Extract<XMessage, { t: "peer" }>,
  role: HostRole,
  options: Options,
): Step<HostState, HostAction> {
  switch (state.phase) {
    case "preparing":
      return stay(state);
    case "ready":
      return { state: { ...state, phase: "aiming", to, aims: 1 }, actions: [punchDelay(role, options)] };
    case "aiming": {
      if (state.aims >= options.aims) {
        const detail = `the peer's port is another one after ${options.aims} of our SYNs`;
        return { state, actions: giveUp({ failure: "peer-port-moved", detail }) };
      }
      const again = { ...state, to, aims: state.aims + 1 };
      return { state: again, actions: [sendSyn(again)] };
    }
  }
}

/** A socket of the same name that is still connecting ends with it, in silence. */
function sendSyn({ localPort, to }: Extract<HostState, { phase: "aiming" }>): HostAction {
  return { kind: "connect", socket: "punch", localPort, to, byWayOfX: true };
}

/** X does not send the two after each other for ever, whatever passes by it. */
const MOST_AIMS = 8;

interface XState extends Routed {
  /** Where the rendezvous connections come from. */
  readonly nats?: Readonly<Record<HostRole, Endpoint>>;
  /** B's prediction, A's first aim. */
  readonly guess?: Endpoint;
  readonly ready: readonly HostRole[];
  /** Where each side's SYN is to go; `endpoints` has where the last one came from, `read` where it went and what it was. */
  readonly aims: Partial<Readonly<Record<HostRole, Endpoint>>>;
  readonly read: Partial<Readonly<Record<HostRole, { readonly to: Endpoint; readonly syn: SynReport }>>>;
  readonly told: Readonly<Record<HostRole, number>>;
}

/** X in case 5: reads ports off SYNs and has the other side aim at them, until each side's SYN went where the other's came from. */
export function natblaster5X(): XMachine<XState> {
  return {
    initial: { ...ROUTED, ready: [], aims: {}, read: {}, told: { a: 0, b: 0 } },
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return {
            state: { ...state, nats: event.outside },
            actions: [{ kind: "watch-routed-syns" }, ...tellBoth({ t: "paired" })],
          };
        case "elapsed":
          return { state, actions: forgeLater(state, event.timer).actions };
        case "routed-syn":
          return readPort(state, event);
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          if (event.message.t === "ready") return begin(state, event.from, event.message.endpoint);
          return keep(state, hear(state, event));
        }
        default:
          return stay(state);
      }
    },
  };
}

type XStep = Step<XState, XAction>;

function keep(state: XState, step: Step<Routed, XAction>): XStep {
  return { state: { ...state, ...step.state }, actions: step.actions };
}

function begin(state: XState, from: HostRole, endpoint: Endpoint): XStep {
  const ready = [...new Set([...state.ready, from])];
  const next = { ...state, ready, ...(from === "b" && { guess: endpoint }) };
  return ready.length === 2 && next.guess && next.told.a === 0 ? send(next, "a", next.guess) : stay(next);
}

function send(state: XState, to: HostRole, endpoint: Endpoint): XStep {
  const told = { ...state.told, [to]: state.told[to] + 1 };
  if (told[to] > MOST_AIMS)
    return { state, actions: tellBoth({ t: "peer-failed", reason: `no port stood still for ${MOST_AIMS} SYNs` }) };
  return {
    state: { ...state, told, aims: { ...state.aims, [to]: endpoint } },
    actions: [{ kind: "tell", to, message: { t: "peer", endpoint } }],
  };
}

function readPort(state: XState, { from, to, syn }: Extract<XEvent, { kind: "routed-syn" }>): XStep {
  const sender = (["a", "b"] as const).find((role) => same(state.aims[role], to));
  // a port that no NAT gave is none that the peer could aim at
  if (!sender || from.ip !== state.nats?.[sender].ip || state.syns[sender]) return stay(state);
  const isRepeated = same(state.endpoints[sender], from) && same(state.read[sender]?.to, to);
  if (isRepeated) return stay(state);
  const next: XState = {
    ...state,
    endpoints: { ...state.endpoints, [sender]: from },
    read: { ...state.read, [sender]: { to, syn } },
  };
  const peer = peerOf(sender);
  if (!same(next.aims[peer], from)) return send(next, peer, from);
  return same(next.aims[sender], next.endpoints[peer]) ? answerBoth(next) : stay(next);
}

/** The SYNs that were read last have met. */
function answerBoth(state: XState): XStep {
  const { a, b } = state.read;
  if (!a || !b) return stay(state);
  return keep(state, readSyn(readSyn(state, "a", a.syn).state, "b", b.syn));
}

const same = (one: Endpoint | undefined, other: Endpoint | undefined): boolean =>
  one !== undefined && other !== undefined && sameEndpoint(one, other);
