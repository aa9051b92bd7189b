import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostMachine } from "./machine.ts";
import { connectFrom, endings, giveUp, isAccepted, predicted, punchDelay, refused } from "./punch.ts";
import { abandon, TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "sequential-open" }>;

type State =
  | { readonly phase: "preparing" }
  | { readonly phase: "ready"; readonly localPort: number }
  | { readonly phase: "opening"; readonly localPort: number; readonly to: Endpoint }
  | { readonly phase: "waiting" };

/**
 * A in NatTrav's sequential open (Eppinger, CMU-ISRI-05-104, 2005; Ford et al. 2005, section 4.5): an ordinary connect() that is
 * bound to fail opens NA, then A listens on the same port and B connects. It is STUNT #2 without TTL and without capabilities: A does
 * not see its SYN leave, but gives it `doomedMs` or until it is refused.
 */
export function sequentialOpenHost(options: Options): HostMachine<State> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired") return { state, actions: [{ kind: "predict" }] };
          if (event.message.t !== "peer" || state.phase !== "ready") return stay(state);
          return {
            state: { ...state, phase: "opening", to: event.message.endpoint },
            actions: [punchDelay("a", options)],
          };
        case "predicted":
          return {
            state: { phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          if (state.phase !== "opening") return stay(state);
          return event.timer === "punch"
            ? { state, actions: [connectFrom(state), { kind: "wait", timer: "doomed", ms: options.doomedMs }] }
            : { state: { phase: "waiting" }, actions: abandon(state) };
        case "listening":
          return { state, actions: [TELL_WAITING] };
        case "connected":
          return { state, actions: [{ kind: "greet", socket: event.socket }] };
        case "connect-failed":
          if (isAccepted(event)) return stay(state);
          if (!refused(event)) return { state, actions: giveUp(event) };
          return state.phase === "opening" ? { state: { phase: "waiting" }, actions: abandon(state) } : stay(state);
        default:
          return stay(state);
      }
    },
  };
}
