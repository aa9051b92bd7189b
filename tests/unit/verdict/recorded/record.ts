/** Packs the first trial of every cell of a run of scenario.yaml into one file each, named after the cell's block. */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Cell } from "../../../../orchestrator/scenario/cell.ts";
import { EVIDENCE_FILES, type Recorded } from "./index.ts";

const [run] = process.argv.slice(2);
if (!run) throw new Error("usage: node record.ts <run directory>");

for (const path of globSync("cells/*/cell.json", { cwd: run })) {
  const cell = JSON.parse(readFileSync(join(run, path), "utf8")) as Cell;
  const trial = join(run, dirname(path), "trial-1");
  const files = Object.fromEntries(EVIDENCE_FILES.map((name) => [name, readFileSync(join(trial, name), "base64")]));
  const recorded = { cell, files } as Recorded;
  const packed = gzipSync(JSON.stringify(recorded), { level: 9 });
  writeFileSync(join(import.meta.dirname, `${cell.block}.json.gz`), packed);
  console.log(`${cell.block}: ${packed.length} bytes`);
}
