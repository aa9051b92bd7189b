import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { relative } from "node:path";
import type { Command } from "commander";
import { NatbedError } from "../errors.ts";
import type { RunReport } from "../report/events.ts";
import type { Cell } from "../scenario/cell.ts";
import { chosenReporters, ownsStdout, publishRun, reporterOption, type ReporterOptions } from "./reporters.ts";
import { collect, option, shardOf, wholeNumber, type Shard } from "./values.ts";

export interface MatrixOptions extends ReporterOptions {
  list?: true;
  filter?: string[];
  lastFailed?: true;
  shard?: Shard;
  jobs: number;
  seed?: number;
  trials?: number;
  timeout?: number;
  fresh?: true;
  keepOnFailure?: true;
  maxFailures?: number;
  output: string;
}

const EXAMPLES = `
Examples:
  natbed matrix                                      the paper's matrix
  natbed matrix --list                               its cells and what is expected of them
  natbed matrix -t simultaneous-open -t /^relay/     some of them
  natbed matrix -t natblaster-4 --trials 100         a rate with a narrow interval
  natbed matrix --last-failed                        what surprised in the newest run, with its seed
  natbed matrix mine.yaml --seed 42 --json > r.json  a scenario of your own, repeatably
  natbed matrix --reporter line,markdown=out.md      a line per cell, and a file besides
  natbed matrix --shard 2/8 --seed 42 --reporter blob=2.blob
                                                     an eighth of the cells, to be put together by natbed report

Exit codes: 0 all as expected, 1 a surprise, 2 usage or scenario error, 3 infrastructure, 130 interrupted.
Every option can also be set by a variable: --max-failures by NATBED_MAX_FAILURES.`;

/** `natbed matrix`: runs scenario files cell by cell and shows what came of it. */
export function addMatrix(program: Command): void {
  program
    .command("matrix")
    .description("run a matrix of techniques and NATs, and compare what happens with what the scenario claims")
    .argument("[scenario...]", "scenario files (default: the paper's matrix)")
    .addOption(option("--list", "print the cells and run nothing"))
    .addOption(
      option("-t, --filter <text>", "only cells whose id or block contains it, or fits /regex/; repeatable").argParser(
        collect,
      ),
    )
    .addOption(
      option(
        "--last-failed",
        "only cells of the newest run in --output that surprised or have no result; with its seed and scenario files",
      ),
    )
    .addOption(
      option("--shard <i/n>", "only the i-th of n parts, for n machines; natbed report puts them together").argParser(
        shardOf,
      ),
    )
    .addOption(option("-j, --jobs <n>", "worlds at the same time").default(defaultJobs()).argParser(wholeNumber(1, 64)))
    .addOption(
      option("--seed <n>", "repeat the random choices of an earlier run").argParser(wholeNumber(0, 0xffffffff)),
    )
    .addOption(option("--trials <n>", "attempts per cell, instead of the scenario's").argParser(wholeNumber(1, 10_000)))
    .addOption(
      option("--timeout <ms>", "deadline of one attempt, instead of the scenario's").argParser(
        wholeNumber(100, 600_000),
      ),
    )
    .addOption(option("--fresh", "a new world for every cell"))
    .addOption(option("--keep-on-failure", "leave the world of a surprising or failed cell running"))
    .addOption(
      option("-x, --max-failures <n>", "stop after so many surprises and errors").argParser(wholeNumber(1, 1_000_000)),
    )
    .addOption(reporterOption())
    .addOption(option("--json", "print the report as JSON (with --list: the cells): --reporter json"))
    .addOption(option("--output <dir>", "where run directories go").default("runs"))
    .addHelpText("after", EXAMPLES)
    .action(runCommand);
}

async function runCommand(files: string[], options: MatrixOptions): Promise<void> {
  const { cells, scenario, seed } = await chooseCells(files, options);
  if (options.list) return list(cells, options.json === true);
  if (options.shard && seed === undefined) throw seedless(options.shard);
  if (cells.length === 0) return;
  const report = await runCells(cells, scenario, { ...options, ...(seed !== undefined && { seed }) });
  await publishReport(report, options);
}

function seedless({ part, of }: Shard): NatbedError {
  return new NatbedError(`--shard ${part}/${of} without --seed would draw a seed of its own`, {
    kind: "usage",
    code: "seed-missing",
    hint: "give every shard of a run the same --seed, or they cannot be put together",
  });
}

type Choice = Pick<MatrixOptions, "trials" | "timeout" | "filter" | "lastFailed" | "shard" | "seed" | "output">;

/** What a run begins with. */
interface Chosen {
  readonly cells: Cell[];
  /** The files that they are from. */
  readonly scenario: string[];
  /** Absent: nobody said one. */
  readonly seed?: number;
}

/** The cells that the command line names; none where it asks for what failed, and nothing did. */
export async function chooseCells(files: string[], options: Choice): Promise<Chosen> {
  const { trials, timeout, filter: filters = [], shard } = options;
  const [{ selectCells }, failed] = await Promise.all([
    import("./selection.ts"),
    options.lastFailed && import("./last-failed.ts").then(({ lastFailed }) => lastFailed(options.output)),
  ]);
  const scenario = files.length > 0 ? files : (failed?.run.scenario ?? [paperScenario()]);
  const seed = options.seed ?? failed?.run.seed;
  const chosen = { scenario, ...(seed !== undefined && { seed }) };
  if (failed?.ids.size === 0) {
    process.stderr.write(`natbed: no cell of run ${failed.run.id} failed: there is nothing to run again\n`);
    return { cells: [], ...chosen };
  }
  const limits = { ...(trials && { trials }), ...(timeout && { deadlineMs: timeout }) };
  const cells = await selectCells(scenario, { limits, filters, ...(failed && { failed }), ...(shard && { shard }) });
  return { cells, ...chosen };
}

async function list(cells: readonly Cell[], json: boolean): Promise<void> {
  const { expectationText } = await import("../report/words.ts");
  const width = Math.max(...cells.map(({ id }) => id.length));
  const lines = cells.map(({ id, expected }) => `${id.padEnd(width)}  ${expectationText(expected)}\n`);
  process.stdout.write(json ? `${JSON.stringify(cells, undefined, 2)}\n` : lines.join(""));
}

export async function runCells(cells: Cell[], scenario: string[], options: MatrixOptions): Promise<RunReport> {
  const [{ runMatrix }, { openDisplay }, { watchInterrupts }] = await Promise.all([
    import("../run/matrix.ts"),
    import("./display.ts"),
    import("./interrupt.ts"),
  ]);
  const { jobs, fresh = false, keepOnFailure = false, output, maxFailures } = options;
  const seed = options.seed ?? randomInt(2 ** 32);
  using interrupts = watchInterrupts((line) => process.stderr.write(`${line}\n`));
  const wanted = chosenReporters(options);
  using display = await openDisplay(ownsStdout(wanted) ? process.stderr : process.stdout, {
    lines: wanted.some(({ name }) => name === "line"),
  });
  const { signal } = interrupts;
  const settings = {
    seed,
    jobs,
    fresh,
    keepOnFailure,
    outputDir: output,
    scenario,
    argv: process.argv.slice(2),
    signal,
  };
  return await runMatrix(cells, maxFailures ? { ...settings, maxFailures } : settings, (event) => display.show(event));
}

/** The end of a run: its report first, its exit code, and then what reporters make of it, which changes neither. */
export async function publishReport(report: RunReport, options: ReporterOptions): Promise<void> {
  const { writeReport } = await import("../report/directory.ts");
  await writeReport(report);
  process.exitCode = report.exitCode;
  await publishRun({ report, damaged: [] }, chosenReporters(options), { followed: true });
}

/** Blocked attempts mostly wait, so three worlds keep one processor busy; a world takes about 105 MB. */
function defaultJobs(): number {
  return Math.min(16, 3 * availableParallelism());
}

function paperScenario(): string {
  return relative(process.cwd(), new URL("../../scenarios/paper.yaml", import.meta.url).pathname);
}
