import type { HostRole } from "../../wire/rendezvous.ts";
import type { HostAction, HostEvent, SocketName, Step } from "./machine.ts";

/** Sockets on which the peer has proved itself, in the order in which it did. */
export type Verified = readonly SocketName[];

type RaceStep = Step<Verified, HostAction>;

/**
 * Several sockets may come about, and both sides have to adopt the same one: a chooses the first on which the peer has proved itself and
 * says so on that very connection, b says it back; a chosen one that breaks before is followed by the next. (P2PNAT section 4.2 step 5 lets
 * each side take the first that works, which need not be the same.)
 */
export function race(role: HostRole, verified: Verified, event: HostEvent): RaceStep | undefined {
  switch (event.kind) {
    case "connected":
      return { state: verified, actions: [{ kind: "greet", socket: event.socket }] };
    case "verified": {
      if (verified.includes(event.socket)) return { state: verified, actions: [] };
      const state = [...verified, event.socket];
      if (role === "b") return { state, actions: [{ kind: "await-choice", socket: event.socket }] };
      return { state, actions: verified.length === 0 ? [{ kind: "choose", socket: event.socket }] : [] };
    }
    case "agreed":
      return { state: verified, actions: [{ kind: "adopt", socket: event.socket }] };
    case "connect-failed": {
      const state = verified.filter((socket) => socket !== event.socket);
      const [next] = state;
      const lost = role === "a" && next !== undefined && verified[0] === event.socket;
      return { state, actions: lost ? [{ kind: "choose", socket: next }] : [] };
    }
    default:
      return undefined;
  }
}
