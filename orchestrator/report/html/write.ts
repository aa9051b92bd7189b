import { rename, rm, writeFile } from "node:fs/promises";
import type { RecordedRun } from "../directory.ts";
import type { CellResult, RunReport } from "../events.ts";
import { toldOf } from "../output.ts";
import { troubled } from "../trouble.ts";
import * as words from "../words.ts";
import type { CellContent } from "./content.ts";
import { DETAILS, type Detail } from "./detail.ts";
import { overviewOf } from "./overview.ts";
import { dataBlock, packBytes, packJson, splitShell } from "./page.ts";
import { readShell } from "./shell.ts";
import { drawTrial, trialContent, type DrawnTrial } from "./trial-content.ts";
import { readCapture, readTrialFiles } from "./trial-files.ts";

/** A page that browsers open at once; a run of 1,000 cells has 14 kB for each. */
const WHOLE_BYTES = 14_500_000;
/** With less a cell has no evidence worth showing. */
const LEAST_PER_CELL = 1_500;
/** What a cell that needs attention may take, however many others there are. */
const URGENT_BYTES = 40_000;
/** What no single cell takes, however much room there is. */
const MOST_PER_CELL = 400_000;

export interface PageOptions {
  /** An earlier run to compare with. */
  readonly before?: RunReport;
  /** What the whole page may take; the matrix is there whatever it takes. */
  readonly mostBytes?: number;
}

/**
 * The page of a run as text, piece by piece, from the run's directory alone: one file that needs neither a server nor the network. Throws
 * NatbedError `viewer-missing` where the page's program has not been built.
 */
export async function* renderPage(
  { report, damaged }: RecordedRun,
  { before, mostBytes = WHOLE_BYTES }: PageOptions = {},
): AsyncGenerator<string> {
  const overview = overviewOf({ report, damaged, ...(before ? { before } : {}) });
  const [head, foot] = splitShell(await readShell(), overview.title);
  const first = head + dataBlock("overview", packJson(overview));
  let room = mostBytes - Buffer.byteLength(first) - Buffer.byteLength(foot);
  yield first;
  const cells = inOrderOfNeed(report);
  for (const [index, { result, number, isUrgent }] of cells.entries()) {
    const fair = room / (cells.length - index);
    const share = Math.min(MOST_PER_CELL, isUrgent ? Math.max(fair, Math.min(room, URGENT_BYTES)) : fair);
    const blocks = await cellBlocks(report.dir, result, number, share);
    room -= blocks.length;
    yield blocks;
  }
  yield foot;
}

/** Writes a run's page; a page that is there already stays as it is until the new one is whole. */
export async function writePage(path: string, run: RecordedRun, options?: PageOptions): Promise<void> {
  const draft = `${path}.part`;
  try {
    await writeFile(draft, renderPage(run, options));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw toldOf(path, error, draft);
  }
}

interface Numbered {
  readonly result: CellResult;
  readonly number: number;
  readonly isUrgent: boolean;
}

/** What a reader opens first is given room first. */
function inOrderOfNeed(report: RunReport): readonly Numbered[] {
  const urgent = new Set(troubled(report).flatMap(({ results }) => results));
  const all = report.cells.map((result, number) => ({ result, number, isUrgent: urgent.has(result) }));
  return [...all.filter(({ isUrgent }) => isUrgent), ...all.filter(({ isUrgent }) => !isUrgent)];
}

/** A cell's evidence within its share of the page, empty where not even the least fits; then the captures for which there is room. */
async function cellBlocks(runDir: string, result: CellResult, number: number, share: number): Promise<string> {
  if (share < LEAST_PER_CELL) return "";
  const drawn: DrawnTrial[] = [];
  for (const trial of trialsOf(result).slice(0, DETAILS[0]!.trials))
    drawn.push(drawTrial(await readTrialFiles(runDir, trial)));
  for (const detail of DETAILS) {
    const block = dataBlock(`cell-${number}`, packJson(cellContent(result, drawn, detail)));
    if (block.length > share) continue;
    return block + (await captureBlocks(runDir, drawn.slice(0, detail.trials), { number, room: share - block.length }));
  }
  return "";
}

function cellContent({ trials }: CellResult, drawn: readonly DrawnTrial[], detail: Detail): CellContent {
  return {
    trials: trials.map(({ n, outcome, tookMs }) => ({
      n,
      tone: outcome.verdict,
      verdict: words.verdictText({ ...outcome, surprise: false }),
      why: outcome.why,
      took: words.durationText(tookMs),
    })),
    shown: drawn.slice(0, detail.trials).map((trial) => trialContent(trial, detail)),
  };
}

/** Trials in the order in which they tell most: first one that came out as the cell did, then one of each other outcome. */
function trialsOf({ trials, verdict, cause }: CellResult): CellResult["trials"] {
  const kindOf = ({ outcome }: CellResult["trials"][number]) =>
    `${outcome.verdict} ${outcome.verdict === "blocked" ? outcome.cause : ""}`;
  const own = `${verdict} ${cause ?? ""}`;
  const firsts = [...Map.groupBy(trials, kindOf)].map(([kind, [first]]) => ({ kind, first: first! }));
  const telling = [...firsts.filter(({ kind }) => kind === own), ...firsts.filter(({ kind }) => kind !== own)].map(
    ({ first }) => first,
  );
  return [...telling, ...trials.filter((trial) => !telling.includes(trial))];
}

async function captureBlocks(
  runDir: string,
  drawn: readonly DrawnTrial[],
  { number, room }: { readonly number: number; readonly room: number },
): Promise<string> {
  let text = "";
  for (const { n, capture } of drawn) {
    if (!capture || capture.bytes > room * MOST_SQUEEZED) continue;
    const block = dataBlock(`capture-${number}-${n}`, packBytes(await readCapture(runDir, capture.path)));
    if (text.length + block.length <= room) text += block;
  }
  return text;
}

/** So many bytes of a capture fit into one of the page at the very best; larger ones are not even tried. */
const MOST_SQUEEZED = 12;
