import type { Command } from "commander";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed diff runs/BEFORE runs/AFTER           what changed between two runs
  natbed diff runs/BEFORE runs/AFTER --json    the same for programs

A cell changed where its verdict or cause did; of several trials the rate counts, where the 95 % intervals have nothing in common.
Exit codes: 0 nothing changed, 1 something did, 2 not two runs, or runs that have no cell in common.`;

/** `natbed diff`: cells of which two runs say different things. */
export function addDiff(program: Command): void {
  program
    .command("diff")
    .description("compare two runs: cells whose verdict, cause or rate changed")
    .argument("<before>", "run directory")
    .argument("<after>", "run directory")
    .addOption(option("--json", "print the difference as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(compare);
}

async function compare(before: string, after: string, { json }: { json?: true }): Promise<void> {
  const [
    { NatbedError },
    { readRun },
    { compareRuns, renderDifference },
    { paintFor },
    { harmless },
    { renderJson },
    { tellDamage },
  ] = await Promise.all([
    import("../errors.ts"),
    import("../report/directory.ts"),
    import("../report/difference.ts"),
    import("../report/words.ts"),
    import("../report/harmless.ts"),
    import("../report/json.ts"),
    import("./damage.ts"),
  ]);
  const [one, other] = await Promise.all([readRun(before), readRun(after)]);
  tellDamage(one);
  tellDamage(other);
  const difference = compareRuns(one.report, other.report);
  if (difference.compared === 0)
    throw new NatbedError(`${before} and ${after} have no cell in common`, {
      kind: "usage",
      code: "nothing-to-compare",
      hint: "compare two runs of one scenario",
    });
  const { stdout } = process;
  const text = json
    ? renderJson(difference)
    : renderDifference(harmless(difference), { paint: paintFor(stdout), columns: stdout.columns || 120 });
  stdout.write(text);
  process.exitCode = difference.changes.length > 0 ? 1 : 0;
}
