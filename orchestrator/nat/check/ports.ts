import type { NatModel, PortAllocation, PortRange } from "../model.ts";
import { BLOCK_HOSTS, MAX_LISTED_PORTS, portCount } from "../pools.ts";

/** Why no NAT can hand out ports like `model`. */
export function checkPorts({ ports, blockSize }: Pick<NatModel, "ports" | "blockSize">): string[] {
  if (ports.kind === "preserve") {
    if (blockSize === undefined) return [];
    return ["blockSize contradicts ports preserve: a host's block does not hold the ports its programs use"];
  }
  const problems = checkRange(ports.range);
  if (problems.length > 0) return problems;
  return blockSize === undefined ? checkList(ports, ports.range, range(ports.range)) : checkBlocks(ports, blockSize);
}

function range({ from, to }: PortRange): string {
  return `range ${from}-${to}`;
}

function checkRange({ from, to }: PortRange): string[] {
  const problems: string[] = [];
  for (const port of [from, to]) {
    if (!Number.isInteger(port) || port < 1024 || port > 65535) {
      problems.push(`port ${port} is not in 1024-65535, the ports a NAT hands out to unprivileged sources`);
    }
  }
  if (from > to) problems.push(`range ${from}-${to} is empty: from is greater than to`);
  return problems;
}

type Listed = Exclude<PortAllocation, { readonly kind: "preserve" }>;

/** Every inside host of a world has a block, and each block's ports are listed in the rule-set. */
function checkBlocks(ports: Listed, blockSize: number): string[] {
  const hosts = BLOCK_HOSTS.length;
  const most = Math.floor(MAX_LISTED_PORTS / hosts);
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > most) {
    return [`blockSize ${blockSize} is not a whole number of ports from 1 to ${most}`];
  }
  const blocks = Math.floor(portCount(ports.range) / blockSize);
  if (blocks < hosts) {
    return [
      `${range(ports.range)} holds ${blocks} blocks of ${blockSize} ports, and the inside hosts of a world need ${hosts}`,
    ];
  }
  const { from } = ports.range;
  return checkList(ports, { from, to: from + blockSize - 1 }, `a block of ${blockSize} ports`);
}

/** `called`: what `part` is, in sentences. */
function checkList(ports: Listed, part: PortRange, called: string): string[] {
  if (ports.parity && portCount(part) < 2) return [`${called} holds no port of the other parity`];
  if (ports.kind === "sequential") return checkStep(ports, part, called);
  const count = portCount(part);
  if (!ports.parity || count <= MAX_LISTED_PORTS) return [];
  return [`${called} has ${count} ports; with parity each is listed, and ${MAX_LISTED_PORTS} is the most`];
}

function checkStep({ step, parity }: Listed & { kind: "sequential" }, part: PortRange, called: string): string[] {
  if (!Number.isInteger(step) || step === 0) return [`step ${step} is not a whole number other than 0`];
  if (parity && step % 2 !== 0) {
    return [
      `step ${step} contradicts parity: from an even port it leads to an odd one; even and odd ports each have a sequence`,
    ];
  }
  // with parity there are two sequences, one port apart
  const width = part.to - part.from - (parity ? 1 : 0);
  const size = Math.abs(step);
  if (width < size) return [`${called} is too small for step ${step}: it holds only one port of the sequence`];
  const rest = width % size;
  if (rest !== 0) {
    const larger = part.to - rest + size;
    return called.startsWith("range")
      ? [`step ${step} does not divide ${called}: end it at ${part.to - rest} or ${larger}`]
      : [
          `step ${step} does not divide ${called}: make it ${portCount(part) - rest} or ${portCount(part) - rest + size}`,
        ];
  }
  const count = (width / size + 1) * (parity ? 2 : 1);
  return count > MAX_LISTED_PORTS ? [`a sequence of ${count} ports is longer than ${MAX_LISTED_PORTS}`] : [];
}
