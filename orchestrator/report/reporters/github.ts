import { appendFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { renderAnnotations } from "../annotations.ts";
import type { RecordedRun } from "../directory.ts";
import type { CellResult } from "../events.ts";
import { readLadder } from "../ladder/load.ts";
import { renderMermaid } from "../ladder/mermaid.ts";
import { visible } from "../ladder/visible.ts";
import { LIMIT_BYTES, renderMarkdown } from "../markdown.ts";
import { code, prose } from "../markdown-text.ts";
import { toldOf } from "../output.ts";
import { deliver, type Desk, type Reporter } from "./reporter.ts";

/** Ladders may take so much of the summary, that the tables have room. */
const LADDERS_BYTES = 400_000;
/** Mermaid refuses longer diagrams (maxTextSize). */
const LADDER_CHARS = 50_000;

/**
 * Annotations on the workflow's page, and the step's summary: the tables, with the ladder of each surprise. The summary goes to the step's own
 * (GITHUB_STEP_SUMMARY), behind what is there already; elsewhere to summary.md in the run directory.
 */
export const github: Reporter = async (run, desk) => {
  const step = desk.to === undefined ? desk.env["GITHUB_STEP_SUMMARY"] : undefined;
  const taken = step ? await sizeOf(step) : 0;
  const content = renderMarkdown(run.report, {
    limitBytes: LIMIT_BYTES - taken,
    elsewhere: elsewhere(desk.env),
    insert: await laddersOf(run),
  });
  desk.print(renderAnnotations(run.report));
  if (!step) return deliver(run, desk, { name: "summary.md", content });
  await appendFile(step, content).catch((error: unknown) => {
    throw toldOf(step, error);
  });
  return step;
};

async function laddersOf(run: RecordedRun): Promise<string[]> {
  const parts: string[] = [];
  let left = LADDERS_BYTES;
  const surprises = run.report.cells.filter(({ surprise }) => surprise);
  for (const [index, result] of surprises.entries()) {
    const part = await ladderOf(run, result);
    left -= Buffer.byteLength(part);
    if (left < 0) {
      parts.push(`*The ladders of ${surprises.length - index} more are left out: \`natbed explain\` shows each.*`);
      break;
    }
    parts.push(part);
  }
  return parts;
}

/** The ladder of the first trial that came out as the cell did. */
async function ladderOf({ report }: RecordedRun, result: CellResult): Promise<string> {
  const { trials, verdict, cause } = result;
  const alike = trials.find(
    ({ outcome }) =>
      outcome.verdict === verdict && (outcome.verdict === "blocked" ? outcome.cause : undefined) === cause,
  );
  const trial = alike ?? trials[0];
  const head = `<details><summary>${prose(visible(`${result.cell.id}, trial ${trial?.n ?? 1}`))}</summary>`;
  if (!trial) return [head, "", "No trial was made.", "", "</details>"].join("\n");
  try {
    const { ladder, faults } = await readLadder(join(report.dir, trial.dir), { every: false });
    const drawing = renderMermaid(ladder.steps, ladder);
    const drawn =
      drawing.length > LADDER_CHARS
        ? [`Its ladder is too long to be drawn here; ${code(`natbed explain ${report.dir}/${trial.dir}`)} shows it.`]
        : ["```mermaid", drawing.trimEnd(), "```"];
    const words = [...ladder.words, ...faults.map(visible)].map((line) => `${prose(line)}  `);
    return [head, "", ...words, "", ...drawn, "", "</details>"].join("\n");
  } catch (error) {
    const why = visible(error instanceof Error ? error.message : String(error));
    return [head, "", `No ladder: ${prose(why)}`, "", "</details>"].join("\n");
  }
}

/** The page from which the run directory can be had, if a step uploads it. */
function elsewhere(env: Desk["env"]): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = env;
  if (!server || !repository || !id) return "in the run directory";
  return `in the run directory, among the [artifacts of this workflow](${server}/${repository}/actions/runs/${id}#artifacts)`;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
