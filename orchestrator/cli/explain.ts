import { basename, dirname, join } from "node:path";
import type { Command } from "commander";
import type { Ladder } from "../report/ladder/ladder.ts";
import { option } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed explain runs/ID/CELL              the first trial of a cell that came out as the cell did
  natbed explain runs/ID/CELL/trial-3      a trial
  natbed explain runs/ID/CELL --all        every packet, event and log line in a row of its own
  natbed explain runs/ID/CELL --svg > l.svg   the ladder as a drawing; --mermaid as text that many a viewer draws

One row is one packet, wherever it was seen; like packets are folded into one row.`;

interface ExplainOptions {
  all?: true;
  mermaid?: true;
  svg?: true;
}

/** `natbed explain`: why a trial came out as it did, and the ladder of its packets. */
export function addExplain(program: Command): void {
  program
    .command("explain")
    .description("show a recorded trial as a ladder of packets, with the cause in one sentence")
    .argument("<trial>", "RUN/CELL or RUN/CELL/trial-N")
    .addOption(option("--all", "fold nothing and leave nothing out"))
    .addOption(option("--mermaid", "print the ladder as a Mermaid sequence diagram").conflicts("svg"))
    .addOption(option("--svg", "print the ladder as SVG"))
    .addHelpText("after", EXAMPLES)
    .action(async (given: string, options: ExplainOptions) => {
      const { trialPlace } = await import("./trial-place.ts");
      process.stdout.write(await explained(trialPlace(given), options));
    });
}

/** A trial's explanation from its directory. What is damaged is told on stderr; the rest is shown, and not judged. */
export async function explained(dir: string, options: ExplainOptions): Promise<string> {
  const [{ readLadder }, { visible }] = await Promise.all([
    import("../report/ladder/load.ts"),
    import("../report/ladder/visible.ts"),
  ]);
  const unplayed = await whyUnplayed(dir);
  if (unplayed) return `${visible(`${basename(dirname(dir))}, ${basename(dir)}: ${unplayed}`)}\n`;
  const { ladder, id, faults } = await readLadder(dir, { every: options.all === true });
  for (const fault of faults) process.stderr.write(`natbed: ${visible(`${dir}: ${fault}`)}\n`);
  return drawn(ladder, visible(`${id ?? basename(dirname(dir))}, ${basename(dir)}`), options);
}

/** Why a trial has no evidence at all: its world was not as it should be, or its run ended before the attempt did. */
async function whyUnplayed(dir: string): Promise<string | undefined> {
  const [{ readFile }, { existsSync }] = await Promise.all([import("node:fs/promises"), import("node:fs")]);
  const has = (file: string): boolean => existsSync(join(dir, file));
  if (has("evidence.json")) return undefined;
  try {
    const { verdict, why } = JSON.parse(await readFile(join(dir, "outcome.json"), "utf8")) as Record<string, unknown>;
    return verdict === "invalid" ? `invalid, ${String(why)}` : undefined;
  } catch {
    const isCutOff = has("plan.json") && !has("capture.pcapng");
    return isCutOff ? "cut off: its run ended in the middle of the attempt, and of that nothing was kept" : undefined;
  }
}

async function drawn(ladder: Ladder, title: string, { mermaid, svg }: ExplainOptions): Promise<string> {
  const { steps, startUs } = ladder;
  if (mermaid) return (await import("../report/ladder/mermaid.ts")).renderMermaid(steps, { startUs });
  if (svg) return (await import("../report/ladder/svg.ts")).renderSvg(steps, { startUs, title });
  const [{ renderExplanation }, { paintFor }] = await Promise.all([
    import("../report/ladder/page.ts"),
    import("../report/words.ts"),
  ]);
  const { stdout } = process;
  return renderExplanation(ladder, { title, paint: paintFor(stdout), columns: stdout.columns || 120 });
}
