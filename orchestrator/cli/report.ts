import type { Command } from "commander";
import { tellDamage } from "./damage.ts";
import { chosenReporters, publishRun, reporterOption, type ReporterOptions } from "./reporters.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed report runs/20261122-101500                          the tables of an earlier run
  natbed report runs/20261122-101500 --json                   the report, also of a run that was killed
  natbed report runs/20261122-101500 --reporter line          a line per cell
  natbed report runs/20261122-101500 --reporter markdown=r.md a file of your choice; - is stdout

Exit codes: 0 all reporters did what they were asked to, 2 no run, 3 a reporter failed.`;

/** `natbed report`: shows a run again from its directory, without an engine. */
export function addReport(program: Command): void {
  program
    .command("report")
    .description("show an earlier run from its directory, and render its report.md again")
    .argument("<dir>", "run directory")
    .addOption(reporterOption())
    .addOption(option("--json", "print the report as JSON: --reporter json"))
    .addHelpText("after", EXAMPLES)
    .action(report);
}

async function report(dir: string, options: ReporterOptions): Promise<void> {
  const { readRun } = await import("../report/directory.ts");
  const run = await readRun(dir);
  tellDamage(run);
  const done = await publishRun(run, chosenReporters(options), { followed: false });
  if (!done) process.exitCode = 3;
}
