/**
 * How large report.html becomes, and how soon it opens: a page of so many cells (1,000) made of a run's, again and again.
 * Usage: scripts/report-size.ts RUN [CELLS]
 */
import { mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { argv, echo } from "zx";
import { countCells } from "../orchestrator/report/counts.ts";
import { readRun } from "../orchestrator/report/directory.ts";
import { writePage } from "../orchestrator/report/html/write.ts";
import { openBrowser } from "../tests/kit/browser.ts";
import { buildViewer } from "./viewer.ts";

const [from, wanted = 1_000] = argv._ as [string, number?];
const { report } = await readRun(String(from));
await buildViewer();
const dir = await mkdtemp(join(tmpdir(), "natbed-report-size-"));
try {
  for (const name of await readdir(report.dir)) await symlink(resolve(report.dir, name), join(dir, name));
  const cells = Array.from({ length: wanted }, (_, at) => {
    const round = Math.floor(at / report.cells.length);
    const result = report.cells[at % report.cells.length]!;
    const { id, block } = result.cell;
    return round === 0
      ? result
      : { ...result, cell: { ...result.cell, id: `${id}.${round}`, block: `${block} ${round}` } };
  });
  const path = join(dir, "many.html");
  const started = performance.now();
  await writePage(path, { report: { ...report, dir, cells, counts: countCells(wanted, cells) }, damaged: [] });
  const tookS = (performance.now() - started) / 1000;
  const { size } = await stat(path);
  echo(`${wanted} cells: ${(size / 1e6).toFixed(1)} MB, written in ${tookS.toFixed(1)} s`);
  echo(`opened in ${await openingMs(path)} ms, a ladder in ${await ladderMs(path, cells.at(-1)!.cell.id)} ms more`);
} finally {
  await rm(dir, { recursive: true });
}

/** From the navigation to a matrix that is drawn, the best of three. */
async function openingMs(path: string): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round++) times.push((await visit(path)).matrixMs);
  return Math.min(...times);
}

async function ladderMs(path: string, id: string): Promise<number> {
  return (await visit(path, id)).ladderMs;
}

async function visit(path: string, id?: string): Promise<{ readonly matrixMs: number; readonly ladderMs: number }> {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const started = performance.now();
    await page.goto(pathToFileURL(path).href);
    await page.locator("a.cell").first().waitFor();
    const drawn = performance.now();
    if (id !== undefined) {
      await page.goto(`${pathToFileURL(path).href}#cell/${encodeURIComponent(id)}`);
      await page.locator(".ladder").waitFor();
    }
    return { matrixMs: Math.round(drawn - started), ladderMs: Math.round(performance.now() - drawn) };
  } finally {
    await browser.close();
  }
}
