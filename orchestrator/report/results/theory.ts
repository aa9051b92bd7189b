/** Ports that a NAT may hand out and a search has to cover: everything above the well-known ones. */
export const ALL_PORTS = 65_536 - 1_024;

/**
 * NATBLASTER case 4: probability that one of `answers` different ports is among `syns` mapped ones, out of `ports`. Both are drawn
 * without replacement, so that it is hypergeometric; and the guesses being uniform, it does not matter how the NAT draws.
 */
export function birthdayRate(syns: number, answers: number, ports: number = ALL_PORTS): number {
  let miss = 1;
  for (let guess = 0; guess < answers; guess += 1) miss *= Math.max(0, ports - syns - guess) / (ports - guess);
  return 1 - miss;
}

/**
 * Linux gives up on a connection where it finds none of 248 ports free, in five rounds of 128 to 8 (nf_nat_l4proto_unique_tuple), so that as
 * many connections to one destination as there are ports leave some 720 of 64,512 unused. What the same search says of it is in
 * tests/unit/report/results/theory.test.ts.
 */
export const MOST_OF_ALL = 0.989;

/** Share of a NAT's ports that so many SYNs to one destination get. */
function shareOf(packets: number, ports: number): number {
  return Math.min(MOST_OF_ALL, packets / ports);
}

/**
 * NATBLASTER case 6 by anchor and spray: probability that one of `packets` SYNs, each from another of NB's ports, leaves from the one that
 * A aimed at; tried anew for every anchor.
 */
export function sprayRate(packets: number, anchors: number, ports: number = ALL_PORTS): number {
  return 1 - (1 - shareOf(packets, ports)) ** anchors;
}

/**
 * Case 6 without X's help: both sides spray at one port of the other's NAT, and meet if each has the port that the other aims at among those of
 * its own that it sprays from. Mappings of earlier sprays are still there, so that each port of one side can meet each of the other's
 * (with low TTLs fewer can: agents/technique/blind-host.ts).
 */
export function blindSprayRate(packets: number, anchors: number, ports: number = ALL_PORTS): number {
  return 1 - (1 - shareOf(packets, ports) ** 2) ** (anchors * anchors);
}

/**
 * Share of trials in which a neighbour that opens connections as a Poisson process, `everyMs` apart on average, opens none while the
 * prediction ages: exp(-age / everyMs), averaged over the trials' own ages.
 */
export function undisturbedRate(agesMs: readonly number[], everyMs: number): number {
  return agesMs.reduce((sum, age) => sum + Math.exp(-age / everyMs), 0) / agesMs.length;
}

/** A search of ports in random order, stopped at the one that is looked for: on average it takes half of them. */
export function searchMean(ports: number = ALL_PORTS): number {
  return (ports + 1) / 2;
}

/** Simultaneous open past NATs that answer an early SYN with RST: the SYNs cross if the later one leaves before the earlier arrives. */
export function crosses(skewMs: number, delayMs: number): boolean {
  return skewMs < delayMs;
}
