import { unreachable } from "../errors.ts";
import type { NatModel, PortAllocation, PortRange } from "./model.ts";

/** Two-level rule chains are built for so many ports at most; beyond it, loading the rules would dominate a cell's time. */
const MAX_SEQUENTIAL_PORTS = 4096;

/** Why no NAT can behave like `model`; empty when the rule-set can be built. */
export function checkModel({ ports }: Pick<NatModel, "ports">): string[] {
  switch (ports.kind) {
    case "preserve":
      return [];
    case "random":
      return checkRange(ports.range);
    case "sequential": {
      const problems = checkRange(ports.range);
      return problems.length > 0 ? problems : checkStep(ports);
    }
    default:
      return unreachable(ports);
  }
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

function checkStep({ step, range }: Extract<PortAllocation, { kind: "sequential" }>): string[] {
  if (!Number.isInteger(step) || step === 0) return [`step ${step} is not a whole number other than 0`];
  const width = range.to - range.from;
  const size = Math.abs(step);
  if (width < size)
    return [`range ${range.from}-${range.to} is too small for step ${step}: it holds only one port of the sequence`];
  const rest = width % size;
  if (rest !== 0) {
    return [
      `step ${step} does not divide range ${range.from}-${range.to}: end it at ${range.to - rest} or ${range.to - rest + size}`,
    ];
  }
  const count = width / size + 1;
  return count > MAX_SEQUENTIAL_PORTS ? [`a sequence of ${count} ports is longer than ${MAX_SEQUENTIAL_PORTS}`] : [];
}
