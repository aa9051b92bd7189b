import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { stay, type HostMachine } from "./machine.ts";
import { connectFrom, endings, giveUp, isAccepted, predicted, punchDelay, raiseTtl, refused, ttlOf } from "./punch.ts";
import { abandon, TELL_WAITING } from "./turns.ts";

type Options = Extract<TechniqueSpec, { name: "stunt-2" }>;

type State =
  | { readonly phase: "preparing"; readonly ttl?: number }
  | { readonly phase: "ready"; readonly localPort: number; readonly ttl?: number }
  | { readonly phase: "opening"; readonly localPort: number; readonly to: Endpoint; readonly ttl?: number }
  | { readonly phase: "waiting" };

/**
 * A in STUNT #2 (Guha and Francis, IMC 2005; the authors' client): A's SYN opens NA and dies on the way, then B connects.
 * As published A aborts the attempt and listens on the same port: the listener's SYN+ACK starts from another sequence number than the SYN,
 * and a NA that tracks those takes it, and what follows it, for out of state. With the socket `kept` in SYN_SENT its SYN+ACK is the one that NA waits for
 * (RFC 9293 section 3.5, simultaneous open).
 */
export function stunt2Host(options: Options): HostMachine<State> {
  return {
    initial: { phase: "preparing" },
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired")
            return { state, actions: [{ kind: options.syn === "low-ttl" ? "measure-ttl" : "predict" }] };
          if (event.message.t !== "peer" || state.phase !== "ready") return stay(state);
          return {
            state: { ...state, phase: "opening", to: event.message.endpoint },
            actions: [punchDelay("a", options)],
          };
        case "ttl-measured":
          return { state: { phase: "preparing", ttl: event.ttl }, actions: [{ kind: "predict" }] };
        case "predicted":
          if (state.phase !== "preparing") return stay(state);
          return {
            state: { ...ttlOf(state), phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          return state.phase === "opening" ? { state, actions: [connectFrom(state)] } : stay(state);
        case "syn-seen":
          if (state.phase !== "opening") return stay(state);
          return options.socket === "kept"
            ? { state: { phase: "waiting" }, actions: [raiseTtl(event.socket), TELL_WAITING] }
            : { state: { phase: "waiting" }, actions: abandon(state) };
        case "listening":
          return { state, actions: [TELL_WAITING] };
        case "connected":
          return { state, actions: [{ kind: "greet", socket: event.socket }] };
        case "connect-failed":
          if (isAccepted(event)) return stay(state);
          if (options.socket === "kept" || !refused(event)) return { state, actions: giveUp(event) };
          // the SYN has opened NA all the same, and this socket was to be aborted anyway
          return state.phase === "opening" ? { state: { phase: "waiting" }, actions: abandon(state) } : stay(state);
        default:
          return stay(state);
      }
    },
  };
}
