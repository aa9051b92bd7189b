import { createHash } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { readRun } from "../../../../orchestrator/report/directory.ts";
import type { RunReport, TrialResult } from "../../../../orchestrator/report/events.ts";
import type { CellContent, Overview } from "../../../../orchestrator/report/html/content.ts";
import { overviewOf } from "../../../../orchestrator/report/html/overview.ts";
import { renderPage } from "../../../../orchestrator/report/html/write.ts";
import { buildViewer } from "../../../../scripts/viewer.ts";
import { reportOf, TROUBLED } from "../results.ts";
import { withRecordedRun } from "./recorded-run.ts";

async function pageOf({ dir }: RunReport, mostBytes?: number): Promise<string> {
  const pieces: string[] = [];
  for await (const piece of renderPage(await readRun(dir), mostBytes === undefined ? {} : { mostBytes }))
    pieces.push(piece);
  return pieces.join("");
}

function block(page: string, id: string): string | undefined {
  return new RegExp(`<script type="application/octet-stream" id="${id}">([\\w+/=]*)</script>`).exec(page)?.[1];
}

function unpacked(page: string, id: string): unknown {
  const text = block(page, id);
  return text === undefined ? undefined : JSON.parse(gunzipSync(Buffer.from(text, "base64")).toString());
}

describe("report.html", { timeout: 90_000 }, () => {
  beforeAll(buildViewer, 90_000);

  it("allows itself nothing but its own script and style, by their hashes", async () => {
    await withRecordedRun(["relayed"], async (report) => {
      const page = await pageOf(report);
      const policy = /<meta http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
      expect(policy.split("; ").map((part) => part.split(" ")[0])).toEqual([
        "default-src",
        "script-src",
        "style-src",
        "base-uri",
        "form-action",
        "require-trusted-types-for",
      ]);
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain("unsafe");
      const script = /<script type="module"[^>]*>([^]*?)<\/script>/.exec(page)![1]!;
      expect(policy).toContain(`script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'`);
      expect(page.indexOf("Content-Security-Policy")).toBeLessThan(page.indexOf("<script"));
      expect(page.match(/(src|href)="[^"]*"/g)).toBeNull();
    });
  });

  it("has every cell in the matrix once, surprises first among what needs attention", () => {
    const overview = overviewOf({ report: reportOf(TROUBLED), damaged: [] });
    const numbers = overview.blocks
      .flatMap(({ grids }) => grids.flatMap(({ cells }) => cells.flat()))
      .filter((one) => one !== null);
    expect(numbers.toSorted((one, other) => one - other)).toEqual(TROUBLED.map((_, number) => number));
    expect(overview.attention.map(({ title }) => title)[0]).toBe("Surprises");
    expect(overview.attention[0]!.cells.map((number) => overview.cells[number]!.surprise)).toEqual([true]);
    expect(overview.cells.find(({ tone }) => tone === "error")?.detail).toBe("TypeError: x\n  at y");
  });

  it("stands one-cell grids of a block under each other, a row for what is around the NATs", () => {
    const [first] = TROUBLED;
    const cells = [0, 20, 50].map((delayMs) => ({
      ...first!,
      cell: { ...first!.cell, id: `cell ${delayMs}`, core: { ...first!.cell.core, delayMs } },
    }));
    const [grids] = overviewOf({ report: reportOf(cells), damaged: [] }).blocks.map((one) => one.grids);
    expect(grids).toHaveLength(1);
    expect(grids![0]).toMatchObject({ columns: ["preserve ~ preserve"], cells: [[0], [1], [2]] });
    expect(grids![0]!.rows.map((row) => row.split(", ").at(-1))).toEqual([
      "time-exceeded translate",
      "core 20 ms",
      "core 50 ms",
    ]);
  });

  it("shows a trial of each outcome, the cell's own first", async () => {
    await withRecordedRun(["reset-by-nat"], async (report) => {
      const [result] = report.cells;
      const [trial] = result!.trials as [TrialResult];
      const direct = {
        verdict: "direct",
        why: "once",
        proof: { handshake: "plain", points: [], connectMs: 1 },
      } as const;
      const trials = [1, 2, 3, 4].map((n): TrialResult => {
        const dir = join(result!.dir, `trial-${n}`);
        if (n > 1) cpSync(join(report.dir, trial.dir), join(report.dir, dir), { recursive: true });
        return { ...trial, n, dir, ...(n === 1 || n === 3 ? { outcome: direct } : {}) };
      });
      const { writeReport } = await import("../../../../orchestrator/report/directory.ts");
      await writeReport({ ...report, cells: [{ ...result!, trials }] });
      const content = unpacked(await pageOf(report), "cell-0") as CellContent;
      expect(content.shown.map(({ n }) => n)).toEqual([2, 1, 3, 4]);
      expect(content.trials.map(({ n, verdict }) => [n, verdict])).toEqual([
        [1, "direct"],
        [2, "blocked: reset-by-nat"],
        [3, "direct"],
        [4, "blocked: reset-by-nat"],
      ]);
    });
  });

  it("stays within its bounds: first captures go, then detail, then evidence; what needs attention has room first", async () => {
    await withRecordedRun(
      ["direct-crossed", "reset-by-nat", "filtered"],
      async (report) => {
        const whole = await pageOf(report);
        const shell =
          whole.length -
          (["cell-0", "cell-1", "cell-2"] as const).reduce((sum, id) => sum + block(whole, id)!.length, 0);
        const captures = [0, 1, 2].map((number) => block(whole, `capture-${number}-1`)!.length);
        expect(captures.every((length) => length > 1000)).toBe(true);
        const bare = shell - captures.reduce((sum, length) => sum + length, 0);
        for (const room of [60_000, 24_000, 9_000]) {
          const page = await pageOf(report, bare + room);
          expect(page.length, `${room}`).toBeLessThanOrEqual(bare + room);
          expect((unpacked(page, "overview") as Overview).cells).toHaveLength(3);
          expect(block(page, "cell-2"), `${room}`).toBeDefined();
        }
        expect(block(await pageOf(report, bare + 16_000), "cell-2")!.length).toBeGreaterThan(8_000);
        const less = await pageOf(report, bare + 24_000);
        expect([0, 1].map((number) => block(less, `capture-${number}-1`))).toEqual([undefined, undefined]);
        expect([0, 1].map((number) => block(less, `cell-${number}`)?.length)).not.toContain(undefined);
        const none = await pageOf(report, bare);
        expect([0, 1, 2].map((number) => block(none, `cell-${number}`))).toEqual([undefined, undefined, undefined]);
      },
      (result) => ({ ...result, surprise: result.cell.id.startsWith("filtered") }),
    );
  });
});
