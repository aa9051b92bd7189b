import { port, type Endpoint, type Port } from "../../wire/address.ts";
import { SWEEP_PORTS } from "./machine.ts";

/**
 * A guess at a port that a NAT may give: the one behind `seen`, under which X sees a host of it, or the `others`-th behind that one. Where the
 * host has a block of ports of its own, the guess should be in it.
 */
export function meetingPort(seen: Endpoint, others = 0): Port {
  const { from, count } = SWEEP_PORTS;
  return port(from + ((Math.max(seen.port, from) - from + 1 + others) % count));
}
