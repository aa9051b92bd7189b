import { port, type Port } from "../../wire/address.ts";

/** Where a NAT's ports begin that leaves the well-known ones alone (RFC 4787 section 4.2.1). */
const UNPRIVILEGED = 1_024;

/** The port so many steps behind one that a NAT has given. Behind the last comes the first, which is a well-known one only where that was. */
export function shiftedPort(given: Port, steps: number): Port {
  const first = given < UNPRIVILEGED ? 1 : UNPRIVILEGED;
  const count = 65_536 - first;
  return port(first + ((((given - first + steps) % count) + count) % count));
}
