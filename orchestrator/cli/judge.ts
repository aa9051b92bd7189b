import type { Command } from "commander";
import type { Outcome } from "../verdict/outcome.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed judge runs/ID/cells/natblaster-2-low-ttl.preserve~preserve.drop.te-drop/trial-1
  natbed judge runs/ID/cells/CELL/trial-1 --json`;

/** `natbed judge`: decides a recorded trial again from its evidence, without an engine. */
export function addJudge(program: Command): void {
  program
    .command("judge")
    .description("decide a recorded trial again from its evidence alone")
    .argument("<dir>", "directory of a trial")
    .addOption(option("--json", "print the outcome as JSON"))
    .addHelpText("after", EXAMPLES)
    .action(async (dir: string, { json }: { json?: true }) => {
      const [{ readEvidence, readCell }, { judge }, { harmless }, { renderJson }] = await Promise.all([
        import("../evidence/load.ts"),
        import("../verdict/judge.ts"),
        import("../report/harmless.ts"),
        import("../report/json.ts"),
      ]);
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
