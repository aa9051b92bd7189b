import { sameEndpoint, type Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole, SynReport } from "../../wire/rendezvous.ts";
import { introductions, relayFailure, tellBoth } from "./dial.ts";
import { forgeBoth, forgeLater, type Forgery } from "./forge.ts";
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
import { endings, forgedOpening, giveUp, predicted, punchDelay } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "natblaster-1" | "natblaster-3" }>;

type State =
  | { readonly phase: "preparing"; readonly ttl?: number }
  | { readonly phase: "ready"; readonly localPort: number; readonly ttl?: number }
  | { readonly phase: "punching"; readonly localPort: number; readonly to: Endpoint; readonly ttl?: number };

/**
 * A host of NATBLASTER cases 1 and 3: its SYN to the peer's endpoint is loosely source-routed over X, where it ends. Each NAT on the way is
 * opened by it, provided that it keys its mapping to the final destination; one that does not is opened by a low-TTL copy that goes straight.
 */
export function routedHost(role: HostRole, options: Options): HostMachine<State> {
  const copies = options.assist === "low-ttl-copy";
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event) ?? routedOpening(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired") return { state, actions: [{ kind: copies ? "measure-ttl" : "predict" }] };
          if (event.message.t !== "peer" || state.phase !== "ready") return stay(state);
          return {
            state: { ...state, phase: "punching", to: event.message.endpoint },
            actions: [punchDelay(role, options)],
          };
        case "ttl-measured":
          return { state: { phase: "preparing", ttl: event.ttl }, actions: [{ kind: "predict" }] };
        case "predicted":
          return {
            state: { ...state, phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options, copies ? { copies } : {})],
          };
        case "elapsed": {
          if (state.phase !== "punching") return stay(state);
          const { localPort, to } = state;
          return { state, actions: [{ kind: "connect", socket: "punch", localPort, to, byWayOfX: true }] };
        }
        case "syn-seen":
          return { state, actions: state.ttl === undefined ? [] : [{ kind: "copy-syn", ttl: state.ttl }] };
        case "connect-failed":
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

/** A handshake that X forged, on a socket whose SYN was source-routed over it: the route is left before anything else is sent. */
export function routedOpening(event: HostEvent): readonly HostAction[] | undefined {
  const opening = forgedOpening(event);
  if (event.kind !== "connected") return opening;
  return [{ kind: "leave-route", socket: event.socket }, ...(opening ?? [])];
}

/** X's part in cases 1 and 3, between two sides of which some send copies. */
export interface Routed extends Forgery {
  readonly copies: boolean;
}

export const ROUTED: Routed = { endpoints: {}, syns: {}, established: [], copies: false };

/**
 * X in case 1: both SYNs come by way of it and are held back; with both read, it forges the answer to each under the other's predicted
 * endpoint. The hosts' ACKs come the same way and are dropped by X's kernel, which accepts no source routes.
 */
export function natblaster1X(): XMachine<Routed> {
  return {
    initial: ROUTED,
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return { state, actions: [{ kind: "watch-routed-syns" }, ...tellBoth({ t: "paired" })] };
        case "elapsed":
          return { state, actions: forgeLater(state, event.timer).actions };
        case "routed-syn": {
          const sender = senderOf(state, event.to);
          return sender ? readSyn(state, sender, event.syn) : stay(state);
        }
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          if (event.message.t === "ready") {
            const { endpoint, copies = false } = event.message;
            const endpoints = { ...state.endpoints, [event.from]: endpoint };
            return {
              state: { ...state, endpoints, copies: state.copies || copies },
              actions: introductions(endpoints),
            };
          }
          return hear(state, event);
        }
        default:
          return stay(state);
      }
    },
  };
}

/** Who sent a SYN that is meant for `to`: a NAT may have let it out under the host's own address, so its source says nothing. */
export function senderOf({ endpoints }: Forgery, to: Endpoint): HostRole | undefined {
  return (["a", "b"] as const).find((role) => {
    const target = endpoints[peerOf(role)];
    return target !== undefined && sameEndpoint(target, to);
  });
}

/** A copy leaves its host as soon as the SYN was seen leaving; an answer that overtook it would find its NAT closed. */
const COPY_WITHIN_MS = 60;

/** Takes in a SYN that was held back; with the second one X answers both. */
export function readSyn(state: Routed, sender: HostRole, syn: SynReport): Step<Routed, XAction> {
  const step = forgeBoth(state, sender, { t: "syn", syn });
  const held = state.copies && step.actions.length > 0;
  const actions: readonly XAction[] = held
    ? [
        { kind: "wait", timer: "answer", ms: COPY_WITHIN_MS },
        ...step.actions.filter(({ kind }) => kind !== "forge-syn-ack"),
      ]
    : step.actions;
  return { state: { ...state, ...step.state }, actions };
}

/** What hosts report besides: SYNs are read off the wire here, and no host's word for one is taken. */
export function hear(
  state: Routed,
  { from, message }: Extract<Parameters<XMachine<Routed>["step"]>[1], { kind: "told" }>,
): Step<Routed, XAction> {
  if (message.t !== "established") return stay(state);
  const step = forgeBoth(state, from, message);
  return { ...step, state: { ...state, ...step.state } };
}
