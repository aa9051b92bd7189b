import type { Endpoint } from "../../wire/address.ts";
import type { TechniqueSpec } from "../../wire/control.ts";
import type { HostRole } from "../../wire/rendezvous.ts";
import { stay, type HostMachine } from "./machine.ts";
import { endings, giveUp, predicted, punchDelay } from "./punch.ts";

type Options = Extract<TechniqueSpec, { name: "simultaneous-open" }>;

type State =
  | { readonly phase: "preparing" }
  | { readonly phase: "ready"; readonly localPort: number }
  | { readonly phase: "punching"; readonly localPort: number; readonly to: Endpoint };

/**
 * TCP simultaneous open (P2PNAT, Ford et al. 2005, section 4.3; RFC 9293 section 3.5): both sides connect() to the other's
 * predicted outside endpoint; each SYN opens its own NAT for the other's. After a RST or an ICMP error the SYN is tried
 * again `retryMs` later, as P2PNAT section 4.4 says.
 */
export function simultaneousOpenHost(role: HostRole, options: Options): HostMachine<State> {
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
            state: { phase: "punching", localPort: state.localPort, to: event.message.endpoint },
            actions: [punchDelay(role, options)],
          };
        case "predicted":
          return {
            state: { phase: "ready", localPort: event.prediction.localPort },
            actions: [predicted(event.prediction, options)],
          };
        case "elapsed":
          if (state.phase !== "punching") return stay(state);
          return { state, actions: [{ kind: "connect", socket: "punch", localPort: state.localPort, to: state.to }] };
        case "connected":
          return { state, actions: [{ kind: "greet", socket: "punch" }] };
        case "connect-failed":
          if (event.failure === "peer-nat-reset" || event.failure === "icmp-leak")
            return { state, actions: [{ kind: "wait", timer: "retry", ms: options.retryMs }] };
          return { state, actions: giveUp(event) };
        default:
          return stay(state);
      }
    },
  };
}
