import type { NatModel, PortAllocation, PortRange } from "./model.ts";

/** What a named NAT fixes. Axes that it leaves open come from the scenario's matrix. */
export interface NamedNat {
  readonly ports: PortAllocation;
  readonly unsolicitedSyn?: NatModel["unsolicitedSyn"];
  readonly timeExceeded?: NatModel["timeExceeded"];
}

/** Everything above the well-known ports: what Linux itself draws from for an unprivileged source port. */
export const ALL_PORTS: PortRange = { from: 1024, to: 65535 };

/** The port allocations of the NATBLASTER paper. Ranges stay clear of the hosts' own ports, so that nothing collides by accident. */
export const NATS = {
  preserve: { ports: { kind: "preserve" } },
  sequential: { ports: { kind: "sequential", step: 1, range: { from: 40000, to: 40511 } } },
  random: { ports: { kind: "random", range: ALL_PORTS } },
} as const satisfies Record<string, NamedNat>;
