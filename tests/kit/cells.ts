import { parseScenario } from "../../orchestrator/scenario/load.ts";
import type { Cell } from "../../orchestrator/scenario/cell.ts";
import { completeModel, type Gateway, type PartialModel, type PortAllocation } from "../../orchestrator/nat/model.ts";

/** A NAT that keeps ports and drops what nobody asked for, but for what is said otherwise. */
export function nat(model: PartialModel = {}): Gateway {
  const ports: PortAllocation = { kind: "preserve" };
  return {
    kind: "nat",
    name: "under-test",
    model: completeModel({ ports, ...model }),
  };
}

export const ROUTER: Gateway = { kind: "router" };

/** The only cell of a scenario whose matrix is this one entry of YAML. */
export function cellOf(entry: string): Cell {
  const { cells } = parseScenario("test.yaml", `name: test\nmatrix:\n  - ${entry}\n`);
  if (cells.length !== 1) throw new Error(`${cells.length} cells, not one`);
  return cells[0]!;
}
