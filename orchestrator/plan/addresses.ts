/**
 * Addresses of every world: the same everywhere, so that captures of two runs can be compared. They are documentation
 * prefixes (RFC 5737) outside and private ones (RFC 1918) inside; nothing leaves a world, so they collide with nothing.
 */
export const ADDRESS = {
  a: "10.1.0.2",
  /** A second inside address of the host itself: for its NAT another subscriber. */
  aSecond: "10.1.0.4",
  a2: "10.1.0.3",
  naInside: "10.1.0.1",
  naOutside: "192.0.2.2",
  rTowardsNa: "192.0.2.1",
  b: "10.2.0.2",
  bSecond: "10.2.0.4",
  nbInside: "10.2.0.1",
  nbOutside: "198.51.100.2",
  rTowardsNb: "198.51.100.1",
  x: "203.0.113.2",
  /** X's second address: the stranger of filter tests. */
  xSecond: "203.0.113.3",
  rTowardsX: "203.0.113.1",
} as const;

export const LAN = { a: "10.1.0.0/24", b: "10.2.0.0/24" } as const;

/** A side's address as the core sees it: the NAT's, or without a NAT the host's own. */
export function outsideAddress(side: "a" | "b", gateway: "nat" | "router"): string {
  if (gateway === "router") return ADDRESS[side];
  return side === "a" ? ADDRESS.naOutside : ADDRESS.nbOutside;
}
