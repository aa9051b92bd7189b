import { describe, expect, it } from "vitest";
import { advance, NOT_STARTED, renderFrame } from "../../../orchestrator/report/progress.ts";
import { plain } from "../../../orchestrator/report/words.ts";
import { CELLS, TROUBLED } from "./results.ts";

const cells = CELLS.map(({ id, block }) => ({ id, block }));
const started = advance(
  NOT_STARTED,
  { type: "run-started", id: "r1", seed: 42, total: CELLS.length, jobs: 2, dir: "d", cells },
  1000,
);
const frame = (progress: typeof started, now: number, columns = 100) =>
  renderFrame(progress, { now, paint: plain, columns }).split("\n");

describe("the live view", () => {
  it("shows a character per cell, what is running, and no estimate before the first result", () => {
    const running = advance(started, { type: "cell-started", id: CELLS[0]!.id }, 1000);
    expect(frame(running, 1500)).toEqual([
      "0/11   no surprise   0.50 s   seed 42",
      "simultaneous-open  ▸·······",
      "relay              ·",
      "natblaster-4       ·",
      "public             ·",
      `▸ ${CELLS[0]!.id}`,
    ]);
  });

  it("counts results, surprises and failures, and estimates the time left from the pace so far", () => {
    const some = TROUBLED.slice(0, 5);
    const progress = some.reduce((before, result) => advance(before, { type: "cell-finished", result }, 2000), started);
    expect(frame(progress, 6000)[0]).toBe("5/11   1 surprising   1 failed   5.0 s, about 6.0 s left   seed 42");
    expect(frame(progress, 6000)[1]).toBe("simultaneous-open  ●E○!····");
  });

  it("takes a finished cell off the running ones", () => {
    const result = TROUBLED[0]!;
    const running = advance(started, { type: "cell-started", id: result.cell.id }, 1000);
    expect(advance(running, { type: "cell-finished", result }, 1100).running.size).toBe(0);
  });

  it("wraps a long block at the terminal's width, and no line is wider", () => {
    const many = Array.from({ length: 25 }, (_, i) => ({ id: `cell-${i}`, block: "relay" }));
    const long = advance(
      NOT_STARTED,
      { type: "run-started", id: "r1", seed: 42, total: 25, jobs: 2, dir: "d", cells: many },
      1000,
    );
    expect(frame(long, 1000, 20).slice(1)).toEqual(["relay  ············", "       ············", "       ·"]);
  });
});
