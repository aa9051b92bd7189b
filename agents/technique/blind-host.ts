import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, XMessage } from "../../wire/rendezvous.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { meetingPort } from "./meeting-port.ts";
import { giveUp } from "./punch.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6"; search: "blind" }>;

/** Time for a SYN that is under way when both have sent all, and for its answer. */
const ANSWER_GRACE_MS = 500;
/** A SYN+ACK that nobody followed is sent once more, and what the peer has to say of its socket is waited for no longer. */
const AGAIN_MS = 300;

/** A host in case 6 without X's help: it sprays SYNs at one port of the peer's NAT, and the peer at one port of its own NAT. */
export type BlindState =
  | { readonly phase: "preparing"; readonly ttl?: number; readonly own?: Endpoint; readonly peer?: Endpoint }
  /** A first pass that dies on the way. */
  | { readonly phase: "opening"; readonly to: Endpoint; readonly isSent?: true; readonly isPeerSent?: true }
  | { readonly phase: "spraying"; readonly to: Endpoint; readonly isSent?: true; readonly hasPeerMissed?: true }
  | {
      readonly phase: "joined";
      readonly answer?: HostAction;
      readonly isInjected?: true;
      readonly isPeerReady?: true;
      readonly isGreeted?: true;
    };
type Joined = Extract<BlindState, { phase: "joined" }>;
type Searching = Extract<BlindState, { phase: "opening" | "spraying" }>;

type BlindStep = Step<BlindState, HostAction>;

/**
 * Both aim at a port that the other's NAT may give, and send to it from ever more ports of their own. To one destination a NAT gives
 * no port twice: of as many SYNs as there are ports one leaves NA from the port that B aims at, and one NB from the port that A aims at, and
 * these two meet. Of q of the ports each, they meet with probability q²; SYNs to ports drawn at random would with 1 − exp(−q²).
 * Whichever NAT was opened first lets the other's SYN in; its host answers with a SYN+ACK, and both make their sockets by TCP_REPAIR.
 */
export function blindStep(state: BlindState, event: HostEvent, role: HostRole, options: Options): BlindStep {
  switch (event.kind) {
    case "ttl-measured":
      return state.phase === "preparing" ? begin({ ...state, ttl: event.ttl }, options) : stay(state);
    case "told":
      return hear(state, event.message, role, options);
    case "spraying": // so that nobody takes the silence for the end
      return { state, actions: [{ kind: "tell", message: { t: "searching", packets: event.count } }] };
    case "syns-sprayed":
      return afterPass(state, role, options);
    case "met":
    case "answered":
      return isSearching(state) ? join(state, event) : stay(state);
    case "injected":
      if (state.phase !== "joined") return stay(state);
      return greet({ ...state, isInjected: true }, [TELL_WAITING]);
    case "elapsed":
      return elapsed(state, event.timer, options);
    default:
      return stay(state);
  }
}

const isSearching = (state: BlindState): state is Searching => state.phase === "opening" || state.phase === "spraying";

function hear(state: BlindState, message: XMessage, role: HostRole, options: Options): BlindStep {
  switch (message.t) {
    case "welcome":
      return state.phase === "preparing" ? stay({ ...state, own: message.observed }) : stay(state);
    case "peer": {
      if (state.phase !== "preparing") return stay(state);
      const { state: next, actions } = begin({ ...state, peer: message.endpoint }, options);
      // X tells A first where B is seen; A says where it is seen itself
      const ready: readonly HostAction[] =
        role === "a" && state.own ? [{ kind: "tell", message: { t: "ready", endpoint: state.own } }] : [];
      return { state: next, actions: [...ready, ...actions] };
    }
    case "peer-waiting":
      if (state.phase === "joined") return greet({ ...state, isPeerReady: true }, []);
      return state.phase === "opening" ? secondPass({ ...state, isPeerSent: true }, role, options) : stay(state);
    case "peer-missed":
      return state.phase === "spraying" ? missed({ ...state, hasPeerMissed: true }, [], options) : stay(state);
    default:
      return stay(state);
  }
}

function begin(state: Extract<BlindState, { phase: "preparing" }>, { syn, packets }: Options): BlindStep {
  const { ttl, peer } = state;
  if (peer === undefined || (syn === "low-ttl" && ttl === undefined)) return stay(state);
  const to = { ip: peer.ip, port: meetingPort(peer) };
  const mute: HostAction = { kind: "mute-resets", towards: to };
  if (syn === "normal" || ttl === undefined)
    return { state: { phase: "spraying", to }, actions: [mute, spray(to, packets)] };
  return { state: { phase: "opening", to }, actions: [mute, { ...spray(to, packets), ttl }] };
}

const spray = (to: Endpoint, count: number) => ({ kind: "spray-syns", to, count, meets: true }) as const;

function afterPass(state: BlindState, role: HostRole, options: Options): BlindStep {
  if (state.phase === "opening") {
    const sent = { ...state, isSent: true } as const;
    return role === "a" ? { state: sent, actions: [TELL_WAITING] } : secondPass(sent, role, options);
  }
  if (state.phase !== "spraying") return stay(state);
  const told: HostAction = { kind: "tell", message: { t: "missed", count: options.packets } };
  return missed({ ...state, isSent: true }, [told], options);
}

/** Once both NATs are open nothing of B's can be refused any more where it matters. */
function secondPass(state: Extract<BlindState, { phase: "opening" }>, role: HostRole, options: Options): BlindStep {
  if (role === "a" || !state.isSent || !state.isPeerSent) return stay(state);
  return { state: { phase: "spraying", to: state.to }, actions: [spray(state.to, options.packets)] };
}

/** Once both have sent all; where only B's second pass can arrive, once B has. */
function missed(
  state: Extract<BlindState, { phase: "spraying" }>,
  actions: readonly HostAction[],
  { syn }: Options,
): BlindStep {
  if (!state.isSent || (syn === "normal" && !state.hasPeerMissed)) return { state, actions };
  return { state, actions: [...actions, { kind: "wait", timer: "no-answer", ms: ANSWER_GRACE_MS }] };
}

function join(state: Searching, event: Extract<HostEvent, { kind: "met" | "answered" }>): BlindStep {
  const { localPort, own, peer } = event;
  const { to } = state;
  const answer: HostAction = { kind: "answer-met", localPort, to, own, peer };
  const socket = { kind: "inject", socket: "spray", localPort, to, own, peer, announce: false } as const;
  const again: HostAction = { kind: "wait", timer: "again", ms: AGAIN_MS };
  return event.kind === "met"
    ? { state: { phase: "joined", answer }, actions: [answer, socket, again] }
    : { state: { phase: "joined" }, actions: [socket, again] };
}

/** Greets when both sockets are there: what comes sooner is lost. */
function greet(state: Joined, actions: readonly HostAction[]): BlindStep {
  if (!state.isInjected || !state.isPeerReady || state.isGreeted) return { state, actions };
  return { state: { ...state, isGreeted: true }, actions: [...actions, { kind: "greet", socket: "spray" }] };
}

function elapsed(state: BlindState, timer: string, { packets }: Options): BlindStep {
  if (state.phase === "joined") {
    if (timer !== "again" || state.isGreeted) return stay(state);
    return greet({ ...state, isPeerReady: true }, state.answer ? [state.answer] : []);
  }
  if (timer !== "no-answer" || state.phase !== "spraying") return stay(state);
  const detail = `none of ${packets} SYNs of either side met one of the other's`;
  return { state, actions: giveUp({ failure: "no-collision", detail }) };
}
