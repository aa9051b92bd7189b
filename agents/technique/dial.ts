import type { Endpoint } from "../../wire/address.ts";
import type { HostRole, HostMessage } from "../../wire/rendezvous.ts";
import { peerOf, stay, type HostMachine, type XAction, type XMachine } from "./machine.ts";

import { endings, giveUp, isAccepted } from "./punch.ts";

/**
 * The plain dial: A connects to B's outside endpoint, on which B listens. Through NATs it must fail (control `connect`),
 * without NATs it must succeed (control `public`).
 */
type DialState =
  | { readonly phase: "waiting" }
  | { readonly phase: "predicted"; readonly localPort: number }
  | { readonly phase: "open" };

export function dialHost(role: HostRole): HostMachine<DialState> {
  return {
    initial: { phase: "waiting" },
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired") return { state, actions: [{ kind: "predict" }] };
          if (event.message.t !== "peer" || state.phase !== "predicted" || role === "b") return stay(state);
          return {
            state: { phase: "open" },
            actions: [{ kind: "connect", socket: "punch", localPort: state.localPort, to: event.message.endpoint }],
          };
        case "predicted": {
          const { localPort, outside } = event.prediction;
          const ready = { kind: "tell", message: { t: "ready", endpoint: outside } } as const;
          return role === "a"
            ? { state: { phase: "predicted", localPort }, actions: [ready] }
            : { state: { phase: "open" }, actions: [{ kind: "listen", socket: "punch", localPort }, ready] };
        }
        case "connected":
          return { state, actions: [{ kind: "greet", socket: event.socket }] };
        case "connect-failed":
          return isAccepted(event) ? stay(state) : { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

export type ExchangeState = { readonly ready: Partial<Readonly<Record<HostRole, Endpoint>>> };

/** X's part of every technique in which it only exchanges endpoints: each side learns the other's once both are ready. */
export function exchangeX(): XMachine<ExchangeState> {
  return {
    initial: { ready: {} },
    step(state, event) {
      if (event.kind === "paired") return { state, actions: tellBoth({ t: "paired" }) };
      if (event.kind !== "told") return stay(state);
      const failed = relayFailure(event.from, event.message);
      if (failed) return { state, actions: failed };
      if (event.message.t !== "ready") return stay(state);
      const ready = { ...state.ready, [event.from]: event.message.endpoint };
      return { state: { ready }, actions: introductions(ready) };
    },
  };
}

/** Tells each side the other's endpoint, when both are known. */
export function introductions(ready: Partial<Readonly<Record<HostRole, Endpoint>>>): readonly XAction[] {
  if (!ready.a || !ready.b) return [];
  return [
    { kind: "tell", to: "a", message: { t: "peer", endpoint: ready.b } },
    { kind: "tell", to: "b", message: { t: "peer", endpoint: ready.a } },
  ];
}

/** A side that gave up lets the other know at once, so that it need not wait for its deadline. */
export function relayFailure(from: HostRole, message: HostMessage): readonly XAction[] | undefined {
  if (message.t !== "failed") return undefined;
  return [{ kind: "tell", to: peerOf(from), message: { t: "peer-failed", reason: message.reason } }];
}

export function tellBoth(message: Extract<XAction, { kind: "tell" }>["message"]): readonly XAction[] {
  return [
    { kind: "tell", to: "a", message },
    { kind: "tell", to: "b", message },
  ];
}
