import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { withTrial, EVIDENCE_FILES, type Recording } from "../verdict/recorded/index.ts";

/** A run directory with one recorded trial of one cell, for as long as `use` takes. */
export async function withRun<T>(
  name: Recording,
  use: (run: string, cell: string, trial: string) => T | Promise<T>,
): Promise<T> {
  return withTrial(name, async (recorded, cell) => {
    const run = mkdtempSync(join(tmpdir(), "natbed-run-"));
    const trial = join(run, "cells", cell.id, "trial-1");
    try {
      mkdirSync(trial, { recursive: true });
      for (const file of EVIDENCE_FILES) writeFileSync(join(trial, file), readFileSync(join(recorded, file)));
      writeFileSync(join(trial, "..", "cell.json"), JSON.stringify(cell));
      return await use(run, cell.id, trial);
    } finally {
      rmSync(run, { recursive: true });
    }
  });
}
