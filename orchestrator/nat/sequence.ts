import type { UserChain } from "./fragment.ts";
import type { PortAllocation } from "./model.ts";

type Sequential = Extract<PortAllocation, { kind: "sequential" }>;

/** Up to so many ports one flat chain is as fast as two levels, and easier to read. */
const FLAT_LIMIT = 16;

/** The outside ports in the order in which a sequential NAT hands them out; a negative step starts at the range's upper end. */
export function portSequence({ step, range }: Sequential): number[] {
  const count = Math.floor((range.to - range.from) / Math.abs(step)) + 1;
  const start = step > 0 ? range.from : range.to;
  return Array.from({ length: count }, (_, index) => start + index * step);
}

/**
 * Rules that give every new connection the next port of the sequence, and start over after the last one (NETFILTER section 1:
 * `statistic` nth). The first chain is the entry.
 *
 * With two levels the entry deals connections out to groups like cards: connection i goes to group i mod G, where it is the
 * (i div G)-th, so group g holds the ports g, g+G, g+2G, … This is exact only where the groups are equally large, so G is a divisor
 * of the count; a new connection then walks about √n rules instead of n/2.
 */
export function renderSequence(ports: Sequential): UserChain[] {
  const sequence = portSequence(ports);
  const groups = sequence.length <= FLAT_LIMIT ? 1 : divisorNearRoot(sequence.length);
  if (groups === 1) return [{ name: "SEQ", rules: sequence.map((port, i) => nth(i, sequence.length, toPort(port))) }];
  const dealt = Array.from({ length: groups }, (_, group) => sequence.filter((_, index) => index % groups === group));
  return [
    { name: "SEQ", rules: dealt.map((_, group) => nth(group, groups, `-g SEQ${group}`)) },
    ...dealt.map((members, group) => ({
      name: `SEQ${group}`,
      rules: members.map((port, i) => nth(i, members.length, toPort(port))),
    })),
  ];
}

/** Rule `index` of `count` sees only what the rules before it let through, hence 1 in (count - index); the last takes the rest. */
function nth(index: number, count: number, target: string): string {
  const every = count - index;
  return every === 1 ? target : `-m statistic --mode nth --every ${every} --packet 0 ${target}`;
}

// A port range needs a protocol, and the user chains see nothing but TCP.
function toPort(port: number): string {
  return `-p tcp -j MASQUERADE --to-ports ${port}`;
}

function divisorNearRoot(n: number): number {
  for (let divisor = Math.floor(Math.sqrt(n)); divisor > 1; divisor--) if (n % divisor === 0) return divisor;
  return 1;
}
