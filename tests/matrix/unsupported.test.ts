import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { readRun, writeReport } from "../../orchestrator/report/directory.ts";
import type { RunEvent } from "../../orchestrator/report/events.ts";
import { runMatrix } from "../../orchestrator/run/matrix.ts";
import { parseScenario } from "../../orchestrator/scenario/load.ts";

const noEngine = inject("noEngine");

const { cells } = parseScenario(
  "x.yaml",
  `name: x
matrix:
  - technique: connect
    na: [preserve]
    nb: [preserve]
    core: [{}, { antiSpoofing: true }]
    expect: [{ verdict: blocked, cause: filtered }]
`,
);

describe.skipIf(noEngine)(`a cell that this kernel cannot build${noEngine && ` (${noEngine})`}`, () => {
  it("is unsupported before anything is tried, and the run goes on and ends well", async () => {
    const outputDir = mkdtempSync(join(tmpdir(), "natbed-unsupported-"));
    onTestFinished(() => rmSync(outputDir, { recursive: true }));
    const events: RunEvent[] = [];
    const report = await runMatrix(
      [...cells],
      {
        seed: 1,
        jobs: 1,
        fresh: false,
        keepOnFailure: false,
        outputDir,
        scenario: ["x.yaml"],
        argv: [],
        signal: new AbortController().signal,
        without: ["iptables-rpfilter"],
      },
      (event) => events.push(event),
    );
    expect(report.cells.map(({ state, verdict }) => [state, verdict])).toEqual([
      ["done", "blocked"],
      ["skipped", "unsupported"],
    ]);
    expect(report).toMatchObject({ exitCode: 0, counts: { total: 2, asExpected: 1, unsupported: 1, notRun: 0 } });
    expect(events.some((event) => event.type === "cell-started" && event.id === cells[1]!.id)).toBe(false);
    await writeReport(report);
    const outcome = JSON.parse(
      readFileSync(join(report.dir, "cells", cells[1]!.id, "outcome.json"), "utf8"),
    ) as unknown;
    expect(outcome).toMatchObject({ verdict: "unsupported", missing: ["iptables-rpfilter"] });
    expect((await readRun(report.dir)).report.cells[1]).toMatchObject({ verdict: "unsupported" });
  });
});
