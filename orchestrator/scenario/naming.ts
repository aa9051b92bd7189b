import type { TechniqueSpec } from "../../wire/control.ts";
import type { Cell } from "./cell.ts";
import { refusalName, type Gateway, type NatModel } from "../nat/model.ts";

/** Title of the block that cells of a technique stand in: the technique, and what sets the entry apart from its plain use. */
export function blockTitle(technique: TechniqueSpec, neighbours: Cell["neighbours"]): string {
  const parts = [technique.name === "natblaster-2" ? `natblaster-2 ${technique.syn}` : technique.name];
  if ("predictionOffset" in technique && technique.predictionOffset !== 0) {
    const offset = technique.predictionOffset;
    parts.push(`prediction ${offset > 0 ? "+" : ""}${offset}`);
  }
  if (neighbours?.a) parts.push(`neighbour every ${neighbours.a.everyMs} ms`);
  return parts.join(", ");
}

/** Identifier of a cell: readable, usable as a file name, unique as long as block and gateways differ. */
export function cellId(block: string, na: Gateway, nb: Gateway): string {
  const title = block.toLowerCase().replaceAll(/[^a-z0-9+]+/g, "-");
  return [title, `${gatewayName(na)}~${gatewayName(nb)}`, ...policyParts(na, nb)].join(".");
}

/** The name of a gateway in scenario files and tables. */
export function gatewayName(gateway: Gateway): string {
  return gateway.kind === "nat" ? gateway.name : "none";
}

function policyParts(na: Gateway, nb: Gateway): string[] {
  if (na.kind === "router" || nb.kind === "router") return [];
  const pair = (axis: (model: NatModel) => string) => [...new Set([axis(na.model), axis(nb.model)])].join("~");
  return [pair((model) => refusalName(model.unsolicitedSyn)), `te-${pair((model) => model.timeExceeded)}`];
}
