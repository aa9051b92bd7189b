import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN_CORE } from "../../../../wire/control.ts";
import { readEvidence } from "../../../../orchestrator/evidence/load.ts";
import { writeReport } from "../../../../orchestrator/report/directory.ts";
import { countCells } from "../../../../orchestrator/report/counts.ts";
import type { CellResult, RunReport } from "../../../../orchestrator/report/events.ts";
import type { Cell } from "../../../../orchestrator/scenario/cell.ts";
import { judge } from "../../../../orchestrator/verdict/judge.ts";
import { EVIDENCE_FILES, withTrial, type Recording } from "../../verdict/recorded/index.ts";
import { reportOf } from "../results.ts";

/** The directory of a run with one recorded trial for each cell, for as long as `use` takes. `change` may alter each result. */
export async function withRecordedRun<T>(
  names: readonly Recording[],
  use: (report: RunReport) => T | Promise<T>,
  change: (result: CellResult) => CellResult = (result) => result,
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "natbed-page-"));
  try {
    const cells: CellResult[] = [];
    for (const name of names) cells.push(change(await recordedCell(dir, name)));
    const counts = countCells(cells.length, cells);
    const report = { ...reportOf(cells), counts, dir };
    await writeReport(report);
    return await use(report);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function recordedCell(run: string, name: Recording): Promise<CellResult> {
  return withTrial(name, async (recorded, { id, ...rest }) => {
    // a recording keeps of its cell what the verdict depends on
    const block = rest.technique.name;
    const cell: Cell = { ...rest, id: `${name}.${id}`, scenario: "recorded", block, core: PLAIN_CORE, trials: 1 };
    const place = join("cells", cell.id);
    const trial = join(place, "trial-1");
    mkdirSync(join(run, trial), { recursive: true });
    for (const file of EVIDENCE_FILES) copyFileSync(join(recorded, file), join(run, trial, file));
    writeFileSync(join(run, place, "cell.json"), JSON.stringify(cell));
    writeFileSync(join(run, trial, "na.rules"), "*nat\n-A POSTROUTING -o out -p tcp -j MASQUERADE\nCOMMIT\n");
    const outcome = judge(cell, await readEvidence(recorded));
    return {
      cell,
      state: "done",
      verdict: outcome.verdict,
      ...("cause" in outcome ? { cause: outcome.cause } : {}),
      why: outcome.why,
      trials: [{ n: 1, outcome, tookMs: 1500, dir: trial }],
      surprise: false,
      tookMs: 1500,
      dir: place,
    };
  });
}
