import { stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Option, type Command } from "commander";
import { NatbedError } from "../errors.ts";
import type { RunReport } from "../report/events.ts";
import { openOutput, unwritable } from "../report/output.ts";
import { suggest } from "../scenario/suggest.ts";
import { collect, option } from "./values.ts";

const EXAMPLES = `
Examples:
  make results                                    runs the scenarios, then renders docs/results.md
  natbed results runs/ID                          the page again, from an earlier run
  natbed results runs/ID runs/OTHER -o mine.md    from two; where both have a cell, the later one counts`;

/** `natbed results`: what runs show of techniques, NATs and chance, as one page with figures. */
export function addResults(program: Command): void {
  program
    .command("results")
    .description("render a page of results (techniques against behaviours, rates against theory) from runs")
    .argument("<dir...>", "run directories")
    // no variable: NATBED_OUTPUT is a folder
    .addOption(
      new Option("-o, --output <file>", "the page; figures go to a folder beside it").default("docs/results.md"),
    )
    .addOption(option("-s, --scenario <name>", "only cells of this scenario; repeatable").argParser(collect))
    .addHelpText("after", EXAMPLES)
    .action(renderPage);
}

async function renderPage(
  dirs: string[],
  { output, scenario }: { output: string; scenario?: string[] },
): Promise<void> {
  const [{ readRun }, { renderResults }, { harmless }, { tellDamage }] = await Promise.all([
    import("../report/directory.ts"),
    import("../report/results/page.ts"),
    import("../report/harmless.ts"),
    import("./damage.ts"),
  ]);
  const runs = await Promise.all(dirs.map(readRun));
  runs.forEach(tellDamage);
  const reports = runs.map(({ report }) => harmless(report));
  const chosen = scenario ? ofScenarios(reports, scenario) : reports;
  if (chosen.every(({ cells }) => cells.length === 0)) throw cellless(dirs);
  const { markdown, figures } = renderResults(chosen);
  const folder = join(dirname(output), "results");
  const found = await stat(output).catch(() => undefined);
  if (found?.isDirectory()) throw unwritable(output, { code: "EISDIR" });
  await openOutput(folder);
  await writeFile(output, markdown).catch((error: unknown) => {
    throw unwritable(output, error);
  });
  await Promise.all([...figures].map(([name, svg]) => writeFile(join(folder, name), svg)));
  process.stdout.write(`${output} and ${figures.size} figures in ${folder}\n`);
}

/** Throws NatbedError `no-match` for a scenario that no run has: a page without it would be taken for all there is. */
function ofScenarios(reports: readonly RunReport[], names: readonly string[]): readonly RunReport[] {
  const known = [...new Set(reports.flatMap(({ cells }) => cells.map(({ cell }) => cell.scenario)))].toSorted();
  const strange = names.find((name) => !known.includes(name));
  if (strange !== undefined && known.length > 0) throw noMatch(strange, known);
  return reports.map((report) => ({
    ...report,
    cells: report.cells.filter(({ cell }) => names.includes(cell.scenario)),
  }));
}

function noMatch(name: string, known: readonly string[]): NatbedError {
  const near = suggest(name, known);
  return new NatbedError(`--scenario ${name} is in none of these runs`, {
    kind: "usage",
    code: "no-match",
    hint: `${near.length > 0 ? `did you mean ${near[0]}? They` : "they"} have ${known.join(", ")}`,
  });
}

function cellless(dirs: readonly string[]): NatbedError {
  return new NatbedError(`there is no cell in ${dirs.join(", ")}: nothing to tell of`, {
    kind: "usage",
    code: "no-cell",
    hint: "name a run that finished a cell",
  });
}
