import { isPrivate, port, sameEndpoint, type Endpoint } from "../../wire/address.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { relayFailure, tellBoth } from "./dial.ts";
import {
  peerOf,
  stay,
  type HostAction,
  type HostEvent,
  type HostMachine,
  type SocketName,
  type Step,
  type XMachine,
} from "./machine.ts";
import { abandoned, giveUp, predicted, punchDelay } from "./punch.ts";
import { race, type Verified } from "./race.ts";

type Options = Extract<TechniqueSpec, { name: "p2pnat" }>;

/** Where the peer may be: at its outside endpoint, and for who is in the same private network at its own. */
type Target = { readonly socket: "punch" | "private"; readonly to: Endpoint };

type State =
  | { readonly phase: "preparing" }
  | ({
      readonly phase: "listening";
      readonly inside: Endpoint;
      readonly ready: HostAction;
    } & Standing)
  | ({
      readonly phase: "punching";
      readonly inside: Endpoint;
      readonly targets: readonly Target[];
    } & Standing);
type Punching = Extract<State, { phase: "punching" }>;

/** What has come about so far. */
interface Standing {
  /** Connections that have not failed, accepted ones too: the peer may be at the other end. */
  readonly open: readonly SocketName[];
  readonly verified: Verified;
}

/** What the same try would meet again. */
const FINAL: readonly FailureCode[] = ["stranger", "missing-capability"];

/**
 * Parallel TCP hole punching (P2PNAT, Ford et al. 2005, section 4.2): from one local port connect() to the peer's public and private endpoint
 * at once, beside a listener on the same port; again `retryMs` after an error (section 4.2 step 4). What a stranger answers at
 * the peer's private address is no peer (section 3.4), and a connect() whose connection the listener has already is tried again in vain
 * (section 4.3).
 */
export function p2pnatHost(role: HostRole, options: Options): HostMachine<State> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = abandoned(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told": {
          const { message } = event;
          if (message.t === "paired") return { state, actions: [{ kind: "predict" }] };
          if (message.t !== "peer" || state.phase !== "listening") return stay(state);
          const { inside, open, verified } = state;
          return {
            state: { phase: "punching", inside, targets: targetsOf(message, inside), open, verified },
            actions: [punchDelay(role, options)],
          };
        }
        case "predicted": {
          const inside = { ip: event.localAddress, port: port(event.prediction.localPort) };
          const hidden = isPrivate(inside.ip) && !sameEndpoint(inside, event.prediction.outside);
          const ready = predicted(event.prediction, options, hidden ? { private: inside } : {});
          const listen = { kind: "listen", socket: "listener", localPort: inside.port } as const;
          return { state: { phase: "listening", inside, ready, open: [], verified: [] }, actions: [listen] };
        }
        case "listening":
          // a peer that is faster, behind a NAT that lets it in, finds somebody there
          return { state, actions: state.phase === "listening" ? [state.ready] : [] };
        default:
          if (state.phase === "preparing") return stay(state);
          return state.phase === "punching" ? punch(role, state, event, options) : welcome(role, state, event);
      }
    },
  };
}

/** The faster peer's connection may be here before X's word of the peer is. */
function welcome(
  role: HostRole,
  state: Extract<State, { phase: "listening" }>,
  event: HostEvent,
): Step<State, HostAction> {
  const step = race(role, state.verified, event);
  return step ? { state: { ...state, ...standing(state, step.state, event) }, actions: step.actions } : stay(state);
}

function standing({ open }: Standing, verified: Verified, event: HostEvent): Standing {
  if (event.kind === "connected") return { open: [...open, event.socket], verified };
  if (event.kind !== "connect-failed") return { open, verified };
  return { open: open.filter((socket) => socket !== event.socket), verified };
}

function targetsOf(peer: { readonly endpoint: Endpoint; readonly private?: Endpoint }, inside: Endpoint): Target[] {
  const open = { socket: "punch", to: peer.endpoint } as const;
  // the same address as this host's own is that of a host in another network
  if (!peer.private || sameEndpoint(peer.private, peer.endpoint) || peer.private.ip === inside.ip) return [open];
  return [open, { socket: "private", to: peer.private }];
}

function punch(role: HostRole, state: Punching, event: HostEvent, { retryMs }: Options): Step<State, HostAction> {
  const localPort = state.inside.port;
  if (event.kind === "elapsed") {
    const due = state.targets.filter(({ socket }) => event.timer === "punch" || event.timer === `retry-${socket}`);
    const connects = due.map((target) => ({ kind: "connect", ...target, localPort, unwatched: true }) as const);
    return { state, actions: connects };
  }
  const step = race(role, state.verified, event);
  if (!step) return stay(state);
  const raced = { ...state, ...standing(state, step.state, event) };
  if (event.kind !== "connect-failed") return { state: raced, actions: step.actions };
  const target = state.targets.find(({ socket }) => socket === event.socket);
  if (target && !FINAL.includes(event.failure)) {
    const again = { kind: "wait", timer: `retry-${target.socket}`, ms: retryMs } as const;
    return { state: raced, actions: [...step.actions, again] };
  }
  const targets = state.targets.filter((other) => other !== target);
  const isOver = targets.length === 0 && raced.open.length === 0;
  return { state: { ...raced, targets }, actions: isOver ? giveUp(event) : step.actions };
}

interface Introduction {
  readonly endpoint: Endpoint;
  readonly private?: Endpoint;
}

type XState = { readonly ready: Partial<Readonly<Record<HostRole, Introduction>>> };

/** X tells each side where the other is; what they say of private networks it passes on and goes by in nothing. */
export function p2pnatX(): XMachine<XState> {
  return {
    initial: { ready: {} },
    step(state, event) {
      if (event.kind === "paired") return { state, actions: tellBoth({ t: "paired" }) };
      if (event.kind !== "told") return stay(state);
      const failed = relayFailure(event.from, event.message);
      if (failed) return { state, actions: failed };
      if (event.message.t !== "ready") return stay(state);
      const { endpoint, private: inside } = event.message;
      const ready = { ...state.ready, [event.from]: { endpoint, ...(inside && { private: inside }) } };
      const { a, b } = ready;
      if (!a || !b) return { state: { ready }, actions: [] };
      const tell = (from: HostRole) =>
        ({ kind: "tell", to: peerOf(from), message: { t: "peer", ...ready[from]! } }) as const;
      return { state: { ready }, actions: [tell("b"), tell("a")] };
    },
  };
}
