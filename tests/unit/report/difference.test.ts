import { describe, expect, it } from "vitest";
import { compareRuns, renderDifference } from "../../../orchestrator/report/difference.ts";
import type { CellResult } from "../../../orchestrator/report/events.ts";
import { wilsonInterval } from "../../../orchestrator/report/wilson.ts";
import { plain } from "../../../orchestrator/report/words.ts";
import { CELLS, resultsWith } from "./results.ts";

const RESET = "simultaneous-open.preserve~preserve.reset.te-translate";
const BIRTHDAY = CELLS.find(({ trials }) => trials > 1)!.id;

const runWith = (changes: Parameters<typeof resultsWith>[0] = {}) => ({ cells: resultsWith(changes) });
const rate = (direct: number, of: number): Pick<CellResult, "verdict" | "rate"> => ({
  verdict: direct > 0 ? "direct" : "blocked",
  rate: { direct, of, ...wilsonInterval(direct, of) },
});

describe("two runs", () => {
  it("that say the same differ in nothing, whatever their order, times and words", () => {
    const other = {
      cells: resultsWith()
        .toReversed()
        .map((result) => ({ ...result, tookMs: 1, why: "otherwise put" })),
    };
    expect(compareRuns(runWith(), other)).toEqual({
      changes: [],
      compared: CELLS.length,
      onlyBefore: [],
      onlyAfter: [],
    });
  });

  it("differ in a verdict, a cause, or what is no result", () => {
    const after = resultsWith().map((result): CellResult => {
      if (result.cell.id === RESET) return { ...result, cause: "filtered" };
      if (result.cell.block === "relay") return { ...result, verdict: "direct" };
      return result.cell.block === "public" ? { ...result, verdict: "error", state: "error" } : result;
    });
    const { changes } = compareRuns(runWith(), { cells: after });
    expect(changes.map(({ id, what }) => [id.split(".")[0], what])).toEqual([
      ["relay", "verdict"],
      ["simultaneous-open", "cause"],
      ["public", "verdict"],
    ]);
  });

  it.each([
    ["95 of 100", "5 of 100", rate(95, 100), rate(5, 100), ["rate"]],
    ["5 of 5", "3 of 5", rate(5, 5), rate(3, 5), []],
    ["5 of 5", "none of 5: the other verdict, and beyond chance", rate(5, 5), rate(0, 5), ["rate"]],
    ["1 of 5", "none of 5: the other verdict, by chance", rate(1, 5), rate(0, 5), []],
    [
      "none of 5",
      "none of 5",
      { ...rate(0, 5), cause: "no-collision" as const },
      { ...rate(0, 5), cause: "filtered" as const },
      ["cause"],
    ],
    ["5 of 5", "an error", rate(5, 5), { verdict: "error" as const, state: "error" as const }, ["verdict"]],
  ])("differ in a rate only where chance does not explain it: %s, %s", (_before, _after, one, other, expected) => {
    const { changes } = compareRuns(runWith({ [BIRTHDAY]: one }), runWith({ [BIRTHDAY]: other }));
    expect(changes.map(({ what }) => what)).toEqual(expected);
  });

  it("are compared in the cells that they share, and the others are counted", () => {
    const [first, ...others] = resultsWith();
    const difference = compareRuns({ cells: [first!] }, { cells: others });
    expect(difference).toMatchObject({ compared: 0, onlyBefore: [first!.cell.id] });
    expect(difference.onlyAfter).toHaveLength(others.length);
  });

  it("are shown with a line per change", () => {
    const after = resultsWith().map((result): CellResult =>
      result.cell.id === RESET ? { ...result, cause: "filtered", surprise: true } : result,
    );
    const text = renderDifference(compareRuns(runWith(), { cells: after.slice(1) }), { paint: plain, columns: 200 });
    expect(text).toBe(
      `!  ${RESET}  cause  blocked: reset-by-nat → blocked: filtered\n\n` +
        `${CELLS.length - 1} cells compared, 1 changed, 1 only in the first run\n`,
    );
  });
});
