import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { Cell } from "../scenario/cell.ts";
import type { MatrixOptions } from "./matrix.ts";
import { collect, option, wholeNumber } from "./values.ts";

type RunOptions = Pick<MatrixOptions, "filter" | "seed" | "trials" | "timeout" | "keepOnFailure" | "output">;

const EXAMPLES = `
Examples:
  natbed run -t simultaneous-open.preserve~preserve.reset     one cell of the paper's matrix, and its ladder
  natbed run mine.yaml --seed 42                              a scenario that has one cell

Exit codes as of natbed matrix.`;

/** `natbed run`: one cell, and the ladder of what happened in it. */
export function addRun(program: Command): void {
  program
    .command("run")
    .description("run a single cell of a scenario, and show its packets as a ladder with the cause in one sentence")
    .argument("[scenario]", "scenario file (default: the paper's matrix)")
    .addOption(
      option("-t, --filter <text>", "the cell whose id or block contains it, or fits /regex/").argParser(collect),
    )
    .addOption(
      option("--seed <n>", "repeat the random choices of an earlier run").argParser(wholeNumber(0, 0xffffffff)),
    )
    .addOption(option("--trials <n>", "attempts, instead of the scenario's").argParser(wholeNumber(1, 10_000)))
    .addOption(
      option("--timeout <ms>", "deadline of one attempt, instead of the scenario's").argParser(
        wholeNumber(100, 600_000),
      ),
    )
    .addOption(option("--keep-on-failure", "leave the world of a surprising or failed cell running"))
    .addOption(option("--output <dir>", "where run directories go").default("runs"))
    .addHelpText("after", EXAMPLES)
    .action(runOne);
}

async function runOne(file: string | undefined, options: RunOptions): Promise<void> {
  const { chooseCells, publishReport, runCells } = await import("./matrix.ts");
  const { cells, scenario } = await chooseCells(file === undefined ? [] : [file], options);
  const cell = await only(cells);
  const report = await runCells([cell], scenario, { ...options, jobs: 1 });
  const place = join(report.dir, "cells", cell.id);
  if (existsSync(join(place, "trial-1", "evidence.json"))) {
    const [{ trialPlace }, { explained }] = await Promise.all([import("./trial-place.ts"), import("./explain.ts")]);
    const ladder = await explained(trialPlace(place), {}); // of an interrupted run too
    process.stdout.write(`${ladder}\n`);
  }
  await publishReport(report, {});
}

async function only([cell, ...others]: readonly Cell[]): Promise<Cell> {
  if (cell && others.length === 0) return cell;
  const { NatbedError } = await import("../errors.ts");
  const ids = [cell, ...others].flatMap((one) => (one ? [one.id] : []));
  throw new NatbedError(`natbed run takes one cell, and ${ids.length} are chosen`, {
    kind: "usage",
    code: "many-cells",
    hint: `choose one with -t, such as -t ${ids[0]}; natbed matrix runs them all`,
  });
}
