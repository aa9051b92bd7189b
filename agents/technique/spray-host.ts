import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostAction, type HostEvent, type Step } from "./machine.ts";
import { TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-6" }>;

/** Time for the answer to the last of the SYNs. */
const ANSWER_GRACE_MS = 500;

/** B in case 6: it sprays SYNs at the port that X found, once without their arriving where RSTs are to be feared. */
export type SprayState =
  | { readonly phase: "idle"; readonly ttl?: number }
  | { readonly phase: "opening"; readonly ttl?: number; readonly to: Endpoint }
  | { readonly phase: "spraying"; readonly ttl?: number; readonly to: Endpoint }
  | { readonly phase: "answered"; readonly ttl?: number };

export function sprayStep(state: SprayState, event: HostEvent, options: Options): Step<SprayState, HostAction> {
  switch (event.kind) {
    case "ttl-measured":
      return { state: { ...state, ttl: event.ttl }, actions: [] };
    case "told":
      if (event.message.t === "peer") return begin(state, event.message.endpoint, options);
      if (event.message.t !== "peer-waiting" || state.phase !== "opening") return stay(state);
      return spray(state, state.to, options);
    case "spraying": // so that nobody takes the silence for the end
      return { state, actions: [{ kind: "tell", message: { t: "searching", packets: event.count } }] };
    case "syns-sprayed":
      if (state.phase === "opening") return { state, actions: [TELL_WAITING] };
      if (state.phase !== "spraying") return stay(state);
      return { state, actions: [{ kind: "wait", timer: "no-answer", ms: ANSWER_GRACE_MS }] };
    case "elapsed":
      if (state.phase !== "spraying") return stay(state);
      return {
        state: { ...ttlOf(state), phase: "idle" },
        actions: [{ kind: "tell", message: { t: "missed", count: sentIn(options) } }],
      };
    case "answered": {
      if (state.phase !== "spraying" && state.phase !== "opening") return stay(state);
      const { from: to, localPort, own, peer } = event;
      const socket = { kind: "inject", socket: "spray", localPort, to, own, peer, announce: false } as const;
      return { state: { ...ttlOf(state), phase: "answered" }, actions: [socket] };
    }
    case "injected":
      return { state, actions: [{ kind: "greet", socket: event.socket }] };
    default:
      return stay(state);
  }
}

/** The first pass: where RSTs are to be feared it dies on the way, and A has to make its socket's packets arrive before the second. */
function begin(state: SprayState, to: Endpoint, options: Options): Step<SprayState, HostAction> {
  const mute: HostAction = { kind: "mute-resets", towards: to };
  if (options.syn === "normal") {
    const step = spray(state, to, options);
    return { state: step.state, actions: [mute, ...step.actions] };
  }
  const { ttl } = state;
  if (ttl === undefined) return stay(state);
  return {
    state: { phase: "opening", ttl, to },
    actions: [mute, { kind: "spray-syns", to, count: options.packets, ttl }],
  };
}

function spray(state: SprayState, to: Endpoint, { packets }: Options): Step<SprayState, HostAction> {
  return {
    state: { ...ttlOf(state), phase: "spraying", to },
    actions: [{ kind: "spray-syns", to, count: packets }],
  };
}

const sentIn = ({ syn, packets }: Options): number => (syn === "low-ttl" ? 2 : 1) * packets;

const ttlOf = ({ ttl }: SprayState): { readonly ttl?: number } => (ttl === undefined ? {} : { ttl });
