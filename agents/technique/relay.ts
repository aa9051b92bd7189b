import { stay, type HostMachine, type XMachine } from "./machine.ts";
import { relayFailure, tellBoth } from "./dial.ts";

import { endings, giveUp } from "./punch.ts";

/** The honest last resort (RFC 8656's idea, over TCP): both sides connect to X, which passes the bytes on. */
export function relayHost(): HostMachine<"waiting" | "joining"> {
  return {
    initial: "waiting",
    step(state, event) {
      const ending = endings(event);
      if (ending) return { state, actions: ending };
      switch (event.kind) {
        case "told":
          if (event.message.t === "paired" && state === "waiting")
            return { state: "joining", actions: [{ kind: "join-relay", socket: "punch" }] };
          return stay(state);
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

export function relayX(): XMachine<null> {
  return {
    initial: null,
    step(state, event) {
      if (event.kind === "paired") return { state, actions: tellBoth({ t: "paired" }) };
      if (event.kind !== "told") return stay(state);
      return { state, actions: relayFailure(event.from, event.message) ?? [] };
    },
  };
}
