import type { Command } from "commander";
import { tellDamage } from "./damage.ts";
import { chosenReporters, publishRun, reporterOption, type ReporterOptions } from "./reporters.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed report runs/2026-11-22T09-52-35-ed8b                          the tables of an earlier run
  natbed report runs/2026-11-22T09-52-35-ed8b --json                   the report, also of a run that was killed
  natbed report runs/2026-11-22T09-52-35-ed8b --reporter line          a line per cell
  natbed report runs/2026-11-22T09-52-35-ed8b --reporter markdown=r.md   a file of your choice; - is stdout
  natbed report runs/AFTER --reporter html --baseline runs/BEFORE   report.html, and what changed since
  natbed report shard-1.blob shard-2.blob --reporter github   shards as one run, in a run directory of its own

Exit codes: 0 all reporters did what they were asked to, 2 no run, 3 a reporter failed.`;

/** `natbed report`: shows a run again from its directory, without an engine. */
export function addReport(program: Command): void {
  program
    .command("report")
    .description("show an earlier run from its directory, and render its report.md again")
    .argument("<run...>", "run directory, or shards of one run: directories and files of --reporter blob")
    .addOption(reporterOption())
    .addOption(option("--json", "print the report as JSON: --reporter json"))
    .addOption(option("--baseline <dir>", "an earlier run that report.html compares this one with (--reporter html)"))
    .addOption(option("--output <dir>", "of shards: where the run directory goes that is made of them").default("runs"))
    .addHelpText("after", EXAMPLES)
    .action(report);
}

interface ReportOptions extends ReporterOptions {
  readonly baseline?: string;
  readonly output: string;
}

async function report(
  places: [string, ...string[]],
  { baseline, output, ...options }: ReportOptions,
  command: Command,
): Promise<void> {
  const [{ areShards, gatherRun }, { readRun }, { NatbedError }] = await Promise.all([
    import("../report/reporters/shards.ts"),
    import("../report/directory.ts"),
    import("../errors.ts"),
  ]);
  const wanted = chosenReporters(options);
  if (baseline !== undefined && !wanted.some(({ name }) => name === "html"))
    throw new NatbedError("--baseline is for report.html alone", {
      kind: "usage",
      code: "baseline-without-html",
      hint: "add --reporter html, or compare with `natbed diff BEFORE AFTER`",
    });
  if (command.getOptionValueSource("output") === "cli" && !(await areShards(places)))
    throw new NatbedError(`--output ${output} is for shards alone, and ${places[0]} is none`, {
      kind: "usage",
      code: "output-without-shards",
      hint: "a reporter's file goes elsewhere by NAME=FILE, such as --reporter html=FILE",
    });
  const run = await gatherRun(places, output);
  tellDamage(run);
  const before = baseline === undefined ? undefined : await readRun(baseline);
  if (before) tellDamage(before);
  const done = await publishRun(run, wanted, { followed: false, ...(before && { before: before.report }) });
  if (!done) process.exitCode = 3;
}
