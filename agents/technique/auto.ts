import { castOnly, choose, type Plan, type Step as PlanStep } from "../choice/choose.ts";
import { plainTechnique } from "../choice/plain.ts";
import type { FailureCode } from "../../wire/attempt.ts";
import type { HostMessage, HostRole, XMessage } from "../../wire/rendezvous.ts";
import { OFFER_VERSION, type Offer } from "../../wire/traits.ts";
import { stay, type Machine, type Step } from "./machine.ts";

export type AutoEvent =
  | { readonly kind: "told"; readonly message: XMessage }
  /** The own NAT was measured, as far as it could be. */
  | { readonly kind: "probed"; readonly nat?: Offer["nat"] }
  | { readonly kind: "attempted"; readonly step: number; readonly ok: boolean }
  /** X is out of reach; `isFinal`: for good. Otherwise X pairs the hosts once more. */
  | { readonly kind: "lost"; readonly detail: string; readonly isFinal: boolean }
  | { readonly kind: "elapsed"; readonly timer: string };

export type AutoAction =
  | { readonly kind: "probe" }
  | { readonly kind: "tell"; readonly message: HostMessage }
  | {
      readonly kind: "wait";
      readonly timer: "deadline" | "last-call" | "last-word" | `peer-ended-${number}`;
      readonly ms: number;
    }
  /** What both hosts will try; said once. */
  | { readonly kind: "follow"; readonly plan: Plan }
  /** An ordinary attempt of one technique, in a session of its own; `attempted` follows. The connection of the step before is given up. */
  | {
      readonly kind: "attempt";
      readonly step: number;
      readonly technique: PlanStep["technique"];
      readonly role: HostRole;
    }
  /** Ends the attempt that is going on as failed. */
  | { readonly kind: "cut"; readonly failure: FailureCode; readonly why: string }
  | { readonly kind: "adopt" }
  | { readonly kind: "give-up"; readonly failure: FailureCode; readonly detail: string };

export interface AutoOptions {
  /** Time for everything from the peer's arrival on. */
  readonly withinMs: number;
  /** Of that, what is kept for the last step. */
  readonly lastMs: number;
  readonly capabilities: Offer["capabilities"];
  /** The one technique that is wanted. */
  readonly only?: string;
}

/** What a peer that gives up a step tells X arrives before this has passed, if it arrives at all. */
const SAYS_WITHIN_MS = 1_000;

interface State {
  readonly role?: HostRole;
  readonly forges: boolean;
  readonly paired?: true;
  readonly own?: Offer;
  readonly peer?: Offer;
  readonly plan?: Plan;
  /** The step that is going on or was the last, from 1; 0: none yet. */
  readonly step: number;
  /** How that step ended for this host, and for the peer. */
  readonly mine?: boolean;
  readonly theirs?: boolean;
  /** Only the last step is still worth its time. */
  readonly late?: true;
  /** Time is up, and only the peer's word on a connection that this host has is waited for. */
  readonly over?: true;
}

type AutoMachine = Machine<State, AutoEvent, AutoAction>;
type AutoStep = Step<State, AutoAction>;

/**
 * A host that leaves the choice of technique to the two fingerprints: it measures its NAT, tells X's lobby what it has, computes from
 * both offers the plan that the peer computes too, and tries step after step. Role a says when a step begins. A step has succeeded
 * only when it did for both: one side's verified connection is worth nothing if the other gave up just before.
 */
export function autoHost(options: AutoOptions): AutoMachine {
  return {
    initial: { forges: false, step: 0 },
    step(state, event) {
      switch (event.kind) {
        case "told":
          return hear(state, event.message, options);
        case "probed":
          return offer(state, options, event.nat);
        case "attempted":
          if (event.step !== state.step || state.mine !== undefined) return stay(state);
          return after(
            [{ kind: "tell", message: { t: "outcome", step: event.step, ok: event.ok } }],
            conclude({ ...state, mine: event.ok }),
          );
        case "lost": // what is verified works without X, unless the peer has said that it has nothing
          if (state.mine && state.theirs !== false) return { state, actions: [{ kind: "adopt" }] };
          return event.isFinal ? giveUp(state, "rendezvous-lost", event.detail) : stay(state);
        case "elapsed":
          return elapsed(state, event.timer, options);
      }
    },
  };
}

function hear(state: State, message: XMessage, options: AutoOptions): AutoStep {
  switch (message.t) {
    case "welcome":
      return stay({
        ...state,
        ...(message.role ? { role: message.role } : {}),
        forges: message.forges ?? false,
      });
    case "paired": {
      if (state.paired) return { state, actions: repeated(state) };
      const { withinMs, lastMs } = options;
      const waits = [
        { kind: "wait", timer: "deadline", ms: withinMs },
        { kind: "wait", timer: "last-call", ms: Math.max(0, withinMs - lastMs) },
      ] as const;
      const met = { ...state, paired: true } as const;
      return options.only === undefined
        ? { state: met, actions: [...waits, { kind: "probe" }] }
        : after(waits, offer(met, options));
    }
    case "peer-offer":
      return state.peer ? stay(state) : agree({ ...state, peer: message.offer });
    case "peer-begin":
      return state.role === "b" && message.step > state.step ? begin(state, message.step) : stay(state);
    case "peer-outcome":
      return message.step === state.step ? learn({ ...state, theirs: message.ok }) : stay(state);
    case "peer-failed":
      return giveUp(state, "peer-failed", message.reason);
    case "peer-left":
      return giveUp(state, "peer-failed", "it left");
    case "x-failed":
      return giveUp(state, "x-failed", message.reason);
    default:
      return stay(state);
  }
}

/** Tells the peer what this host has. */
function offer(state: State, { capabilities, only }: AutoOptions, nat?: Offer["nat"]): AutoStep {
  if (state.own) return stay(state);
  const own: Offer = { v: OFFER_VERSION, capabilities, ...(only === undefined ? {} : { only }), ...(nat && { nat }) };
  return after([{ kind: "tell", message: { t: "offer", offer: own } }], agree({ ...state, own }));
}

/** Whatever of what was said before the peer may not have heard: what it has heard already tells it nothing new. */
function repeated({ own, role, step, mine }: State): readonly AutoAction[] {
  const words: readonly HostMessage[] = [
    ...(own ? [{ t: "offer", offer: own } as const] : []),
    ...(role === "a" && step > 0 ? [{ t: "begin", step } as const] : []),
    ...(mine === undefined ? [] : [{ t: "outcome", step, ok: mine } as const]),
  ];
  return words.map((message) => ({ kind: "tell", message }));
}

/** With both offers known there is a plan; role a begins it. */
function agree(state: State): AutoStep {
  const { own, peer, role, forges } = state;
  if (!own || !peer || !role || state.plan) return stay(state);
  if (peer.v !== own.v) return giveUp(state, "peer-failed", `the other side is another version of natbed`);
  if (peer.only !== own.only)
    return giveUp(state, "peer-failed", `the other side wants technique ${peer.only ?? "auto"}`);
  const [a, b] = role === "a" ? [own, peer] : [peer, own];
  const only = own.only === undefined ? undefined : plainTechnique(own.only);
  const plan = only ? castOnly(only, a, b, { forges }) : choose(a, b, { forges });
  if (typeof plan === "string") return giveUp(state, "missing-capability", plan);
  const planned = { ...state, plan };
  const follow = { kind: "follow", plan: planned.plan } as const;
  return role === "a" ? after([follow], next(planned)) : { state: planned, actions: [follow] };
}

/** Role a goes on to the next step, or ends where there is none. */
function next(state: State): AutoStep {
  const steps = state.plan?.length ?? 0;
  if (state.step >= steps) return exhausted(state);
  const step = state.late ? steps : state.step + 1;
  return after([{ kind: "tell", message: { t: "begin", step } }], begin(state, step));
}

function begin(state: State, step: number): AutoStep {
  const planned = state.plan?.[step - 1];
  if (!planned || !state.role) return stay(state);
  const { mine: _, theirs: __, ...rest } = state;
  const { technique, a } = planned;
  return {
    state: { ...rest, step },
    actions: [{ kind: "attempt", step, technique, role: a === state.role ? "a" : "b" }],
  };
}

/** A step that has failed for the peer has for this host: what its own attempt says of that is better known, but not waited for. */
function learn(state: State): AutoStep {
  if (state.theirs === true || state.mine !== undefined) return conclude(state);
  return { state, actions: [{ kind: "wait", timer: `peer-ended-${state.step}`, ms: SAYS_WITHIN_MS }] };
}

/** Ends with a connection that both have; goes on where one of them has none. */
function conclude(state: State): AutoStep {
  const { mine, theirs, role, plan, step } = state;
  if (mine === undefined || theirs === undefined) return stay(state);
  if (mine && theirs) return { state, actions: [{ kind: "adopt" }] };
  if (state.over) return giveUp(state, "deadline", "time was up when the peer had no connection");
  if (role === "a") return next(state);
  return step === plan?.length ? exhausted(state) : stay(state);
}

function elapsed(state: State, timer: string, { withinMs }: AutoOptions): AutoStep {
  if (timer === "deadline" && state.mine && state.theirs === undefined)
    // the peer may have heard of it already and take it: both end alike only if this host waits for what it said
    return { state: { ...state, over: true }, actions: [{ kind: "wait", timer: "last-word", ms: SAYS_WITHIN_MS }] };
  if (timer === "deadline" || timer === "last-word")
    return giveUp(state, "deadline", `no connection within ${withinMs} ms`);
  const running = state.step > 0 && state.mine === undefined;
  if (timer === `peer-ended-${state.step}` && running)
    return { state, actions: [{ kind: "cut", failure: "peer-failed", why: "the peer's part of this step has ended" }] };
  if (timer !== "last-call" || state.late) return stay(state);
  const cut = { kind: "cut", failure: "deadline", why: "the time for the last step has come" } as const;
  return { state: { ...state, late: true }, actions: running && state.step !== state.plan?.length ? [cut] : [] };
}

function exhausted(state: State): AutoStep {
  return giveUp(state, "nothing-worked", `none of ${state.plan?.length ?? 0} steps led to a connection that both have`);
}

function giveUp(state: State, failure: FailureCode, detail: string): AutoStep {
  return {
    state,
    actions: [
      { kind: "tell", message: { t: "failed", reason: failure } },
      { kind: "give-up", failure, detail },
    ],
  };
}

function after(actions: readonly AutoAction[], step: AutoStep): AutoStep {
  return { state: step.state, actions: [...actions, ...step.actions] };
}
