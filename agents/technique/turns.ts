import type { Endpoint } from "../../wire/address.ts";
import { exchangeX, type ExchangeState } from "./dial.ts";
import { peerOf, stay, type HostAction, type HostMachine, type XMachine } from "./machine.ts";
import { connectFrom, endings, giveUp, predicted, type PunchOptions } from "./punch.ts";

type State =
  | { readonly phase: "preparing" }
  | { readonly phase: "ready"; readonly localPort: number }
  | { readonly phase: "aiming"; readonly localPort: number; readonly to: Endpoint };

/**
 * B where the two sides take turns (STUNT #2, sequential open): A's SYN opens NA first, and B's ordinary connect() comes through
 * that hole once A is known to wait behind it.
 */
export function callerHost(options: PunchOptions): HostMachine<State> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired") return { state, actions: [{ kind: "predict" }] };
          if (event.message.t === "peer" && state.phase === "ready")
            return { state: { ...state, phase: "aiming", to: event.message.endpoint }, actions: [] };
          if (event.message.t !== "peer-waiting" || state.phase !== "aiming") return stay(state);
          return { state, actions: [{ kind: "wait", timer: "punch", ms: options.skewMs }] };
        case "predicted":
          return {
            state: { phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          return state.phase === "aiming" ? { state, actions: [connectFrom(state)] } : stay(state);
        case "connected":
          return { state, actions: [{ kind: "greet", socket: event.socket }] };
        case "connect-failed":
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}

/** The SYN has opened NA: A gives the attempt up and listens where it came from. */
export function abandon({ localPort }: { readonly localPort: number }): readonly HostAction[] {
  return [
    { kind: "abort", socket: "punch" },
    { kind: "listen", socket: "punch", localPort },
  ];
}

/** A waits behind its open NAT: B's turn. */
export const TELL_WAITING = { kind: "tell", message: { t: "waiting" } } as const satisfies HostAction;

/** X where the two sides take turns: introduces them, and says when one waits for the other. */
export function turnsX(): XMachine<ExchangeState> {
  const exchange = exchangeX();
  return {
    ...exchange,
    step(state, event) {
      if (event.kind !== "told" || event.message.t !== "waiting") return exchange.step(state, event);
      return { state, actions: [{ kind: "tell", to: peerOf(event.from), message: { t: "peer-waiting" } }] };
    },
  };
}
