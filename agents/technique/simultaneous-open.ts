import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/technique.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { stay, type HostMachine } from "./machine.ts";
import { connectFrom, endings, giveUp, predicted, punchDelay, raiseTtl, refused, ttlOf } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "simultaneous-open" }>;

type State =
  | { readonly phase: "preparing"; readonly ttl?: number }
  | { readonly phase: "ready"; readonly localPort: number; readonly ttl?: number }
  | { readonly phase: "punching"; readonly localPort: number; readonly to: Endpoint; readonly ttl?: number };

/**
 * TCP simultaneous open (P2PNAT, Ford et al. 2005, section 4.3; RFC 9293 section 3.5): both sides connect() to the other's
 * predicted outside endpoint; each SYN opens its own NAT for the other's. After a RST or an ICMP error the SYN is tried
 * again `retryMs` later, as P2PNAT section 4.4 says.
 *
 * With low-TTL SYNs both NATs are open before a SYN comes to either, so that none can refuse it: the TTL is raised once the SYN is
 * out, and the kernel's repetition a second later (RFC 6298 section 2) is the one that crosses.
 */
export function simultaneousOpenHost(role: HostRole, options: Options): HostMachine<State> {
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
            state: { ...state, phase: "punching", to: event.message.endpoint },
            actions: [punchDelay(role, options)],
          };
        case "ttl-measured":
          return { state: { phase: "preparing", ttl: event.ttl }, actions: [{ kind: "predict" }] };
        case "predicted":
          return {
            state: { ...ttlOf(state), phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          if (state.phase !== "punching") return stay(state);
          return { state, actions: [connectFrom(state)] };
        case "syn-seen":
          return { state, actions: options.syn === "low-ttl" ? [raiseTtl(event.socket)] : [] };
        case "connected":
          return { state, actions: [{ kind: "greet", socket: event.socket }] };
        case "connect-failed":
          if (refused(event)) return { state, actions: [{ kind: "wait", timer: "retry", ms: options.retryMs }] };
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}
