import { resolve } from "node:path";
import type { Command } from "commander";
import { visible } from "../report/ladder/visible.ts";
import type { Outcome } from "../verdict/outcome.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed judge runs/ID/natblaster-2-low-ttl.preserve~preserve.drop.te-drop
                                         the first trial of a cell that came out as the cell did
  natbed judge runs/ID/CELL/trial-3      a trial
  natbed judge runs/ID/CELL --json       its outcome for programs

Exit codes: 0 decided, whatever the verdict, 2 no trial, or its evidence is missing or damaged.`;

/** `natbed judge`: decides a recorded trial again from its evidence, without an engine. */
export function addJudge(program: Command): void {
  program
    .command("judge")
    .description("decide a recorded trial again from its evidence alone")
    .argument("<trial>", "RUN/CELL or RUN/CELL/trial-N")
    .addOption(option("--json", "print the outcome as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(async (given: string, { json }: { json?: true }) => {
      const [{ trialPlace }, { readEvidence, readCell }, { judge }, { harmless }, { renderJson }] = await Promise.all([
        import("./trial-place.ts"),
        import("../evidence/load.ts"),
        import("../verdict/judge.ts"),
        import("../report/harmless.ts"),
        import("../report/json.ts"),
      ]);
      const dir = trialPlace(given);
      if (resolve(dir) !== resolve(given)) process.stderr.write(`natbed: ${visible(dir)}\n`); // which one was chosen
      const [cell, evidence] = await Promise.all([readCell(dir), readEvidence(dir)]);
      const outcome = judge(cell, evidence);
      process.stdout.write(json ? renderJson(outcome) : describe(harmless(outcome)));
    });
}

function describe(outcome: Outcome): string {
  const head = outcome.verdict === "blocked" ? `blocked: ${outcome.cause} at ${outcome.at}` : outcome.verdict;
  return [head, `  ${outcome.why}`, ...details(outcome), ""].join("\n");
}

function details(outcome: Outcome): string[] {
  if (outcome.verdict === "direct")
    return outcome.proof.points.map(({ claim, evidence }) => `  ✓ ${claim}: ${evidence}`);
  if (outcome.verdict === "unknown" || outcome.verdict === "unsupported")
    return outcome.missing.map((missing) => `  ✗ ${missing}`);
  return [];
}
