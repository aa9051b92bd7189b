/**
 * Addresses of every world: the same everywhere, so that captures of two runs can be compared. They are documentation
 * prefixes (RFC 5737) outside, private ones (RFC 1918) inside and shared ones (RFC 6598) between a home NAT and its carrier's;
 * nothing leaves a world, so they collide with nothing.
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
  b2: "10.2.0.3",
  nbInside: "10.2.0.1",
  nbOutside: "198.51.100.2",
  rTowardsNb: "198.51.100.1",
  /** NA as a carrier's subscriber; the carrier then has the outside address that NA has without one. */
  naShared: "100.64.0.2",
  carrierTowardsNa: "100.64.0.1",
  nbShared: "100.64.1.2",
  carrierTowardsNb: "100.64.1.1",
  x: "203.0.113.2",
  /** X's second address: the stranger of filter tests. */
  xSecond: "203.0.113.3",
  rTowardsX: "203.0.113.1",
} as const;

export const LAN = { a: "10.1.0.0/24", b: "10.2.0.0/24" } as const;
/** All of them: no packet has such a source once it has passed a home NAT. */
export const LANS = "10.0.0.0/8";
/** Between a home NAT and its carrier's. */
export const SHARED = { a: "100.64.0.0/24", b: "100.64.1.0/24" } as const;
