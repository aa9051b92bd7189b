import { relayFailure, tellBoth } from "./dial.ts";
import { forgeLater } from "./forge.ts";
import { stay, type XMachine } from "./machine.ts";
import { ROUTED, hear, readSyn, senderOf, type Routed } from "./natblaster-1.ts";

interface State extends Routed {
  /** Address of A's NAT, from A's rendezvous connection. */
  readonly na?: string;
  readonly aReady?: true;
}

/**
 * X in case 3: NA random, NB predictable. A's SYN goes out first, to NB's predicted port; X reads off it, as it comes by, which port NA gave
 * it, and tells B, whose SYN follows. From there on as in case 1.
 */
export function natblaster3X(): XMachine<State> {
  return {
    initial: ROUTED,
    step(state, event) {
      switch (event.kind) {
        case "paired":
          return {
            state: { ...state, na: event.outside.a.ip },
            actions: [{ kind: "watch-routed-syns" }, ...tellBoth({ t: "paired" })],
          };
        case "elapsed":
          return { state, actions: forgeLater(state, event.timer).actions };
        case "routed-syn": {
          const sender = senderOf(state, event.to);
          if (!sender) return stay(state);
          if (sender === "b" || state.endpoints.a) return { ...readSyn(state, sender, event.syn) };
          // a port that no NAT gave is none that B could aim at
          if (event.from.ip !== state.na) return stay(state);
          const step = readSyn({ ...state, endpoints: { ...state.endpoints, a: event.from } }, sender, event.syn);
          return {
            ...step,
            actions: [{ kind: "tell", to: "b", message: { t: "peer", endpoint: event.from } }, ...step.actions],
          };
        }
        case "told": {
          const failed = relayFailure(event.from, event.message);
          if (failed) return { state, actions: failed };
          if (event.message.t !== "ready") return hear(state, event);
          const { endpoint, copies = false } = event.message;
          const next: State = {
            ...state,
            copies: state.copies || copies,
            ...(event.from === "a" ? { aReady: true } : { endpoints: { ...state.endpoints, b: endpoint } }),
          };
          const { aReady, endpoints } = next;
          const introduced = aReady && endpoints.b;
          return {
            state: next,
            actions: introduced ? [{ kind: "tell", to: "a", message: { t: "peer", endpoint: introduced } }] : [],
          };
        }
        default:
          return stay(state);
      }
    },
  };
}
