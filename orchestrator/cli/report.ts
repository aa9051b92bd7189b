import type { Command } from "commander";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed report runs/20261122-101500             the tables of an earlier run
  natbed report runs/20261122-101500 --json      the report, also of a run that was killed`;

/** `natbed report`: shows a run again from its directory, without an engine. */
export function addReport(program: Command): void {
  program
    .command("report")
    .description("show an earlier run from its directory, and render its report.md again")
    .argument("<dir>", "run directory")
    .addOption(option("--json", "print the report as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(async (dir: string, { json }: { json?: true }) => {
      const { readRun, writeMarkdown } = await import("../report/directory.ts");
      const { printReport } = await import("./print.ts");
      const { report, damaged } = await readRun(dir);
      for (const file of damaged) process.stderr.write(`natbed: ${file} is damaged and left out\n`);
      await writeMarkdown(report);
      await printReport(report, json === true);
    });
}
