import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import type { RunReport } from "../report/events.ts";
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
    .addOption(option("-o, --output <file>", "the page; figures go to a folder beside it").default("docs/results.md"))
    .addOption(option("-s, --scenario <name>", "only cells of this scenario; repeatable").argParser(collect))
    .addHelpText("after", EXAMPLES)
    .action(async (dirs: string[], { output, scenario }: { output: string; scenario?: string[] }) => {
      const [{ readRun }, { renderResults }, { harmless }, { tellDamage }] = await Promise.all([
        import("../report/directory.ts"),
        import("../report/results/page.ts"),
        import("../report/harmless.ts"),
        import("./damage.ts"),
      ]);
      const runs = await Promise.all(dirs.map(readRun));
      runs.forEach(tellDamage);
      const reports = runs.map(({ report }) => harmless(report));
      const chosen = reports.map((report) => (scenario ? ofScenarios(report, scenario) : report));
      const { markdown, figures } = renderResults(chosen);
      const folder = join(dirname(output), "results");
      await mkdir(folder, { recursive: true });
      await Promise.all([
        writeFile(output, markdown),
        ...[...figures].map(([name, svg]) => writeFile(join(folder, name), svg)),
      ]);
      process.stdout.write(`${output} and ${figures.size} figures in ${folder}\n`);
    });
}

function ofScenarios(report: RunReport, names: readonly string[]): RunReport {
  return { ...report, cells: report.cells.filter(({ cell }) => names.includes(cell.scenario)) };
}
