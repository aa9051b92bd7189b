import { describe, expect, it } from "vitest";
import { countCells, exitCodeOf } from "../../../orchestrator/report/counts.ts";
import { countsText } from "../../../orchestrator/report/words.ts";
import { CELLS, resultsWith, TROUBLED } from "./results.ts";

describe("countCells", () => {
  it("counts every cell once as expected, surprising or without a result", () => {
    expect(countCells(CELLS.length + 3, TROUBLED)).toEqual({
      total: CELLS.length + 3,
      asExpected: CELLS.length - 3,
      surprises: 1,
      errors: 1,
      direct: 4,
      relayed: 0,
      blocked: CELLS.length - 6,
      invalid: 1,
      unknown: 0,
      unsupported: 0,
      notRun: 3,
    });
  });
});

describe("exitCodeOf", () => {
  const counts = (cells = resultsWith()) => countCells(CELLS.length, cells);
  const id = CELLS[0]!.id;

  it("is 0 only where every cell came out as expected", () => {
    expect(exitCodeOf({ ended: "complete", counts: counts() })).toBe(0);
  });

  it("is 1 for a surprise, even beside an infrastructure error", () => {
    expect(exitCodeOf({ ended: "complete", counts: counts(TROUBLED) })).toBe(1);
  });

  it("is 0 beside cells that this machine cannot build, which count as nothing else", () => {
    const counted = counts(resultsWith({ [id]: { state: "skipped", verdict: "unsupported" } }));
    expect(counted).toMatchObject({ unsupported: 1, asExpected: CELLS.length - 1, direct: 2, surprises: 0, notRun: 0 });
    expect(exitCodeOf({ ended: "complete", counts: counted })).toBe(0);
    expect(countsText(counted)).toBe(
      `${CELLS.length} cells, ${CELLS.length - 1} as expected, 0 surprises, 1 unsupported`,
    );
  });

  it.each(["error", "invalid", "unknown"] as const)("is 3 for a cell without a result: %s", (verdict) => {
    expect(exitCodeOf({ ended: "complete", counts: counts(resultsWith({ [id]: { verdict } })) })).toBe(3);
  });

  it("is how the run ended, where it did not end by itself", () => {
    expect(exitCodeOf({ ended: "interrupted", counts: counts(TROUBLED) })).toBe(130);
    expect(exitCodeOf({ ended: "engine-lost", counts: counts(TROUBLED) })).toBe(3);
  });
});
