import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { NodeId } from "../../wire/control.ts";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { renderLadder } from "../../orchestrator/report/ladder/ascii.ts";
import { figureOf } from "../../orchestrator/report/ladder/figure.ts";
import { namesOf } from "../../orchestrator/report/ladder/names.ts";
import { plain } from "../../orchestrator/report/words.ts";
import { readTrial } from "../../orchestrator/timeline/load.ts";
import { timelineOf } from "../../orchestrator/timeline/timeline.ts";
import { FIGURES, type FigureOrder } from "./catalogue.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const COLUMNS = 120;

export interface Figure extends FigureOrder {
  readonly drawing: string;
}

/** Plays the cells of all figures once, and draws the first trial of each that came out as its scenario expects. */
export async function drawFigures(): Promise<readonly Figure[]> {
  const output = await mkdtemp(join(tmpdir(), "natbed-figures-"));
  try {
    const report = await play(output);
    return await Promise.all(FIGURES.map(async (order) => ({ ...order, drawing: await draw(report, order) })));
  } finally {
    await rm(output, { recursive: true });
  }
}

async function play(output: string): Promise<RunReport> {
  const files = [...new Set(FIGURES.map(({ scenario }) => `scenarios/${scenario}.yaml`))];
  const filters = [...new Set(FIGURES.map(idOf))].flatMap((id) => ["-t", `/^${id.replace(/[.+]/g, "\\$&")}$/`]);
  const args = ["matrix", ...files, ...filters, "-j", "1", "--json", "--output", output];
  const { stdout } = await execa(join(ROOT, "bin/natbed"), args, { cwd: ROOT, stderr: "inherit", reject: false });
  return JSON.parse(stdout) as RunReport;
}

/** With several files the scenario's name goes before a cell's id. */
const idOf = ({ scenario, cell }: FigureOrder): string => `${scenario}.${cell}`;

async function draw(report: RunReport, order: FigureOrder): Promise<string> {
  const result = report.cells.find(({ cell }) => cell.id === idOf(order));
  const trial = result?.trials.find(({ outcome }) => outcome.verdict === result.cell.expected.verdict);
  if (!result || !trial) throw new Error(`no trial of ${idOf(order)} came out as expected: ${result?.why}`);
  const { record } = await readTrial(join(report.dir, trial.dir));
  const names = namesOf(Object.keys(record.captures) as NodeId[]);
  const steps = figureOf(timelineOf(record, layersOf(result.cell)), names, order.subject);
  return renderLadder(steps, { paint: plain, columns: COLUMNS });
}
