import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed explain runs/ID/CELL              the first trial of a cell that came out as the cell did
  natbed explain runs/ID/CELL/trial-3      a trial
  natbed explain runs/ID/CELL --all        every packet, event and log line in a row of its own

One row is one packet, wherever it was seen; like packets are folded into one row.`;

interface ExplainOptions {
  all?: true;
}

/** `natbed explain`: why a trial came out as it did, and the ladder of its packets. */
export function addExplain(program: Command): void {
  program
    .command("explain")
    .description("show a recorded trial as a ladder of packets, with the cause in one sentence")
    .argument("<trial>", "RUN/CELL or RUN/CELL/trial-N")
    .addOption(option("--all", "fold nothing and leave nothing out"))
    .addHelpText("after", EXAMPLES)
    .action(async (given: string, options: ExplainOptions) => {
      const [{ trialPlace }, { readTrial }, { readEvidence }, { ladderOf }, { renderExplanation }, { paintFor }] =
        await Promise.all([
          import("./trial-place.ts"),
          import("../timeline/load.ts"),
          import("../evidence/load.ts"),
          import("../report/ladder/ladder.ts"),
          import("../report/ladder/page.ts"),
          import("../report/words.ts"),
        ]);
      const dir = trialPlace(given);
      const { record, cell, faults } = await readTrial(dir);
      for (const fault of faults) process.stderr.write(`natbed: ${dir}: ${fault}\n`);
      // what is damaged is shown, and not judged
      const evidence = faults.length === 0 ? await readEvidence(dir) : undefined;
      const ladder = ladderOf({ record, cell, evidence, every: options.all === true });
      const { stdout } = process;
      const title = `${cell?.id ?? basename(dirname(dir))}, ${basename(dir)}`;
      stdout.write(renderExplanation(ladder, { title, paint: paintFor(stdout), columns: stdout.columns || 120 }));
    });
}
