import type { HostMessage, XMessage } from "../../wire/rendezvous.ts";
import { tellBoth } from "./dial.ts";
import { peerOf, stay, type XMachine } from "./machine.ts";

/** X between the two: it passes on what they tell each other. */
export function lobbyX(): XMachine<null> {
  return {
    initial: null,
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return { state, actions: tellBoth({ t: "paired" }) };
        case "told": {
          const passed = passOn(event.message);
          return passed ? { state, actions: [{ kind: "tell", to: peerOf(event.from), message: passed }] } : stay(state);
        }
        default:
          return stay(state);
      }
    },
  };
}

function passOn(message: HostMessage): XMessage | undefined {
  switch (message.t) {
    case "offer":
      return { t: "peer-offer", offer: message.offer };
    case "begin":
      return { t: "peer-begin", step: message.step };
    case "outcome":
      return { ...message, t: "peer-outcome" };
    case "failed":
      return { t: "peer-failed", reason: message.reason };
    default:
      return undefined;
  }
}
