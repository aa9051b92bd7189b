import { unreachable } from "../errors.ts";
import type { NatModel, PortRange } from "./model.ts";
import { portSequence } from "./sequence.ts";

/** So many ports at most are listed one by one in a rule-set; beyond it, loading the list would dominate a cell's time. */
export const MAX_LISTED_PORTS = 4096;

/**
 * Inside hosts that have a port block each: the last bits of a world's inside addresses, which are .2, .3 and .4 behind a home NAT
 * and 100.64.0.2 and 100.64.1.2 behind a carrier. The order is that of the blocks in the range.
 */
export const BLOCK_HOSTS = ["0.0.0.2", "0.0.1.2", "0.0.0.3", "0.0.1.3", "0.0.0.4", "0.0.1.4"] as const;
const BLOCK_MASK = "0.0.1.255";

/** Outside ports that mappings of some inside endpoints are drawn from, in the order in which a sequential NAT hands them out. */
export interface Pool {
  /** nft expression on an outgoing packet before it is translated; empty: every packet. */
  readonly match: string;
  readonly ports: readonly number[];
}

/** The ports a NAT draws from where it keeps a list of them; undefined where the kernel itself chooses one. */
export function portPools({ ports, blockSize }: NatModel): readonly Pool[] | undefined {
  if (ports.kind === "preserve") return undefined;
  const { range, parity } = ports;
  if (ports.kind === "random" && !parity && blockSize === undefined && portCount(range) > MAX_LISTED_PORTS)
    return undefined;
  const whole = blockSize === undefined ? [{ match: "", range }] : blocksOf(range, blockSize);
  return whole.flatMap((part) =>
    (parity ? (["even", "odd"] as const) : [undefined]).map((kind) => ({
      match: [part.match, ...(kind ? [`tcp sport & 1 == ${kind === "even" ? 0 : 1}`] : [])].filter(Boolean).join(" "),
      ports: listPorts({ ...ports, range: part.range }, kind),
    })),
  );
}

export function portCount({ from, to }: PortRange): number {
  return to - from + 1;
}

/** One block per host, side by side from the range's lower end. */
function blocksOf({ from }: PortRange, size: number): { match: string; range: PortRange }[] {
  return BLOCK_HOSTS.map((host, index) => ({
    match: `ip saddr & ${BLOCK_MASK} == ${host}`,
    range: { from: from + index * size, to: from + (index + 1) * size - 1 },
  }));
}

type Listed = Exclude<NatModel["ports"], { readonly kind: "preserve" }>;

function listPorts(ports: Listed, kind: "even" | "odd" | undefined): number[] {
  const first = (port: number): number => port + (kind === undefined || (port % 2 === 0) === (kind === "even") ? 0 : 1);
  const last = (port: number): number => port - (kind === undefined || (port % 2 === 0) === (kind === "even") ? 0 : 1);
  const range = { from: first(ports.range.from), to: last(ports.range.to) };
  switch (ports.kind) {
    case "sequential":
      return portSequence({ ...ports, range });
    case "random":
      return portSequence({ kind: "sequential", step: kind ? 2 : 1, range });
    default:
      return unreachable(ports);
  }
}
