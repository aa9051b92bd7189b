import type { HostAction, HostEvent, HostMachine } from "../../../agents/technique/machine.ts";

/** A scanner and a connection that breaks come to the listener `punch` before the peer does. */
const ACCEPTED: readonly HostEvent[] = [
  { kind: "connected", socket: "punch-1" },
  { kind: "connect-failed", socket: "punch-1", failure: "stranger", detail: "" },
  { kind: "connected", socket: "punch-2" },
  { kind: "connect-failed", socket: "punch-2", failure: "reset-after-open", detail: "" },
  { kind: "connected", socket: "punch-3" },
  { kind: "verified", socket: "punch-3" },
];

/** Each is greeted, and none but the peer is adopted. */
export const PEER_WINS: readonly HostAction[] = [
  { kind: "greet", socket: "punch-1" },
  { kind: "greet", socket: "punch-2" },
  { kind: "greet", socket: "punch-3" },
  { kind: "adopt", socket: "punch-3" },
];

/** What a host that listens after `before` does about them. */
export function playAccepted(machine: HostMachine<unknown>, before: readonly HostEvent[]): readonly HostAction[] {
  let state = machine.initial;
  for (const event of before) state = machine.step(state, event).state;
  return ACCEPTED.flatMap((event) => {
    const step = machine.step(state, event);
    state = step.state;
    return step.actions;
  });
}
