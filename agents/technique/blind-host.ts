import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, XMessage } from "../../wire/rendezvous.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { meetingPort } from "./meeting-port.ts";
import { giveUp } from "./punch.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6" }>;

/** Time for a SYN that is under way when both have sent all, and for its answer. */
const ANSWER_GRACE_MS = 500;
/** A SYN+ACK that nobody followed is sent once more, and what the peer has to say of its socket is waited for no longer. */
const AGAIN_MS = 300;

/** A host in case 6 without X's help: it sprays SYNs at one port of the peer's NAT, and the peer at one port of its own NAT. */
export type BlindState =
  | { readonly phase: "preparing"; readonly ttl?: number; readonly own?: Endpoint; readonly peer?: Endpoint }
  /** A first pass that dies on the way. */
  | ({ readonly phase: "opening"; readonly isSent?: true; readonly isPeerSent?: true } & Aim)
  /** `peerMissed`: so many SYNs of the peer's, of all its sprays, have met nothing. */
  | ({ readonly phase: "spraying"; readonly isSent?: true; readonly peerMissed?: number } & Aim)
  | {
      readonly phase: "joined";
      readonly answer?: HostAction;
      readonly isInjected?: true;
      readonly isPeerReady?: true;
      readonly isGreeted?: true;
    };
/** What both spray at: the `anchor`-th port, counted from 0, behind the one where X sees the peer. */
interface Aim {
  readonly seen: Endpoint;
  readonly anchor: number;
  readonly ttl?: number;
}
type Joined = Extract<BlindState, { phase: "joined" }>;
type Spraying = Extract<BlindState, { phase: "spraying" }>;
type Searching = Extract<BlindState, { phase: "opening" }> | Spraying;

type BlindStep = Step<BlindState, HostAction>;

/**
 * Both aim at a port that the other's NAT may give, and send to it from ever more ports of their own. To one destination a NAT gives
 * no port twice: of as many SYNs as there are ports one leaves NA from the port that B aims at, and one NB from the port that A aims at, and
 * these two meet. Of q of the ports each, they meet with probability q²; SYNs to ports drawn at random would with 1 − exp(−q²). Where
 * they do not, as Linux gives up on the last percent of SYNs (nf_nat_l4proto_unique_tuple looks at 248 ports), both aim at the next port; the
 * mappings towards the first still let SYNs in, so that of k ports of each side every one can meet every other.
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
      return isSearching(state) ? join(event) : stay(state);
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
      if (state.phase === "spraying") return learn(state, { peerMissed: message.count }, options);
      return state.phase === "opening" && role === "a" && state.isSent ? aimAnew(state, [], options) : stay(state);
    default:
      return stay(state);
  }
}

function begin(state: Extract<BlindState, { phase: "preparing" }>, options: Options): BlindStep {
  const { ttl, peer: seen } = state;
  if (seen === undefined || (options.syn === "low-ttl" && ttl === undefined)) return stay(state);
  const aim = { seen, anchor: 0, ...(options.syn === "low-ttl" && ttl !== undefined && { ttl }) };
  const mute: HostAction = { kind: "mute-resets", towards: targetOf(aim) };
  const step = aimAt(aim, options);
  return { state: step.state, actions: [mute, ...step.actions] };
}

/** The first pass at a port. */
function aimAt({ seen, anchor, ttl }: Aim, { packets }: Options): Step<Searching, HostAction> {
  const aim = { seen, anchor, ...(ttl !== undefined && { ttl }) };
  const pass = { ...spray(aim, packets), ...(ttl !== undefined && { ttl }) };
  return { state: { phase: ttl === undefined ? "spraying" : "opening", ...aim }, actions: [pass] };
}

/** The same at the next port; gives up where it was the last. */
function aimAnew(state: Searching, actions: readonly HostAction[], options: Options): BlindStep {
  const { anchors, packets } = options;
  if (state.anchor + 1 < anchors) {
    const step = aimAt({ ...state, anchor: state.anchor + 1 }, options);
    const heard = state.phase === "spraying" && state.peerMissed !== undefined && { peerMissed: state.peerMissed };
    return { state: { ...step.state, ...heard }, actions: [...actions, ...step.actions] };
  }
  const ports = anchors === 1 ? "" : ` at any of ${anchors} ports`;
  const detail = `none of ${packets} SYNs of either side met one of the other's${ports}`;
  return { state, actions: [...actions, ...giveUp({ failure: "no-collision", detail })] };
}

const targetOf = ({ seen, anchor }: Aim): Endpoint => ({ ip: seen.ip, port: meetingPort(seen, anchor) });

const spray = (aim: Aim, count: number) => ({ kind: "spray-syns", to: targetOf(aim), count, meets: true }) as const;

function afterPass(state: BlindState, role: HostRole, options: Options): BlindStep {
  if (state.phase === "opening") {
    const sent = { ...state, isSent: true } as const;
    return role === "a" ? { state: sent, actions: [TELL_WAITING] } : secondPass(sent, role, options);
  }
  if (state.phase !== "spraying") return stay(state);
  // with low TTLs only B's second pass can arrive
  if (state.ttl !== undefined) return { state, actions: [WAIT_FOR_ANSWER] };
  const { state: sent, actions } = learn(state, { isSent: true }, options);
  return { state: sent, actions: [tellMissed(state, options), ...actions] };
}

/** Once both NATs are open nothing of B's can be refused any more where it matters. */
function secondPass(state: Extract<BlindState, { phase: "opening" }>, role: HostRole, options: Options): BlindStep {
  if (role === "a" || !state.isSent || !state.isPeerSent) return stay(state);
  const { isSent: _, isPeerSent: __, ...aim } = state;
  return { state: { ...aim, phase: "spraying" }, actions: [spray(aim, options.packets)] };
}

const WAIT_FOR_ANSWER: HostAction = { kind: "wait", timer: "no-answer", ms: ANSWER_GRACE_MS };

/** Of all sprays so far: who is quick may have missed at the next port before the other has begun there. */
const missedAt = ({ anchor }: Aim, { packets }: Options): number => (anchor + 1) * packets;

function tellMissed(aim: Aim, options: Options): HostAction {
  return { kind: "tell", message: { t: "missed", count: missedAt(aim, options) } };
}

function haveBothMissed(state: Spraying, options: Options): boolean {
  return state.isSent === true && (state.peerMissed ?? 0) >= missedAt(state, options);
}

/** Once both have missed, what the last of the SYNs may bring is waited for. */
function learn(state: Spraying, learned: Partial<Spraying>, options: Options): BlindStep {
  const next = { ...state, ...learned };
  const isNews = haveBothMissed(next, options) && !haveBothMissed(state, options);
  return { state: next, actions: isNews ? [WAIT_FOR_ANSWER] : [] };
}

function join(event: Extract<HostEvent, { kind: "met" | "answered" }>): BlindStep {
  const { from: to, localPort, own, peer } = event;
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

function elapsed(state: BlindState, timer: string, options: Options): BlindStep {
  if (state.phase === "joined") {
    if (timer !== "again" || state.isGreeted) return stay(state);
    return greet({ ...state, isPeerReady: true }, state.answer ? [state.answer] : []);
  }
  if (timer !== "no-answer" || state.phase !== "spraying") return stay(state);
  return aimAnew(state, state.ttl === undefined ? [] : [tellMissed(state, options)], options);
}
