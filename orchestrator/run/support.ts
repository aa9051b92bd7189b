import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lackingCapabilities, type Engine } from "../engine/index.ts";
import { needsOfCore, needsOfGateway, type Capability } from "../nat/needs.ts";
import type { CellResult } from "../report/events.ts";
import type { Cell } from "../scenario/cell.ts";
import type { Outcome } from "../verdict/outcome.ts";
import { writeJson } from "./trial.ts";

/** A cell that cannot be built here. */
export interface Unsupported {
  readonly cell: Cell;
  readonly outcome: Extract<Outcome, { verdict: "unsupported" }>;
}

/** Why a capability is missing, in words that end a sentence. */
export type Lacking = ReadonlyMap<Capability, string>;

/** Everything a cell's NATs, carriers and core need of this machine beyond what every cell does. */
export function needsOfCell({ na, nb, core, carrier }: Pick<Cell, "na" | "nb" | "core" | "carrier">): Set<Capability> {
  const carriers =
    carrier?.kind === "shared" ? [carrier.nat] : [carrier?.a, carrier?.b].filter((nat) => nat !== undefined);
  return new Set([...[na, nb, ...carriers].flatMap(needsOfGateway), ...needsOfCore(core)]);
}

/**
 * What the engine lacks of all that these cells need. Asks nothing where they need nothing special, as those of the paper. Whatever is
 * `withheld` counts as lacking, whether it is there or not.
 */
export async function lackingFor(
  cells: readonly Cell[],
  engine: Engine,
  withheld: readonly Capability[] = [],
): Promise<Lacking> {
  const needed = cells.some((cell) => needsOfCell(cell).size > 0);
  const found = needed ? await lackingCapabilities(engine) : new Map();
  return new Map([
    ...[...found].map(([capability, finding]) => [capability, `${capability}: ${finding.found}`] as const),
    ...withheld.map((capability) => [capability, `${capability}: withheld`] as const),
  ]);
}

/** Tells cells that can be built from those that lack something. Pure. */
export function partition(cells: readonly Cell[], lacking: Lacking): { able: Cell[]; unable: Unsupported[] } {
  const able: Cell[] = [];
  const unable: Unsupported[] = [];
  for (const cell of cells) {
    const missing = [...needsOfCell(cell)].filter((capability) => lacking.has(capability));
    if (missing.length === 0) able.push(cell);
    else unable.push({ cell, outcome: { verdict: "unsupported", missing, why: reason(missing, lacking) } });
  }
  return { able, unable };
}

function reason(missing: readonly Capability[], lacking: Lacking): string {
  const what = missing.map((capability) => lacking.get(capability)).join("; ");
  return `this kernel or engine cannot build the cell's world: ${what}; natbed doctor says how to mend that`;
}

/** Records a cell that was not tried. */
export async function skipCell({ cell, outcome }: Unsupported, runDir: string): Promise<CellResult> {
  const dir = join("cells", cell.id);
  await mkdir(join(runDir, dir), { recursive: true });
  const { verdict, why } = outcome;
  const result: CellResult = { cell, state: "skipped", verdict, why, trials: [], surprise: false, tookMs: 0, dir };
  await Promise.all([
    writeJson(join(runDir, dir, "cell.json"), cell),
    writeJson(join(runDir, dir, "outcome.json"), outcome),
    writeJson(join(runDir, dir, "result.json"), result),
  ]);
  return result;
}
