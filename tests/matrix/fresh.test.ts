import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { CellResult, RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, reportOf, type Folder } from "../kit/command.ts";
import { readTrial, stableRules } from "../kit/trial.ts";

const noEngine = inject("noEngine");
const SEED = 4242;
const CELLS = [
  "connect.preserve~preserve.drop.te-translate",
  "connect.preserve~preserve.reset.te-translate",
  "public.none~none",
  "relay.preserve~random.drop.te-translate",
  "simultaneous-open.preserve~preserve.drop.te-translate",
  "simultaneous-open.sequential~random.drop.te-translate",
  "natblaster-2-normal.preserve~preserve.drop.te-translate",
  "natblaster-2-low-ttl.preserve~preserve.reset.te-drop",
  "natblaster-2-low-ttl.preserve~preserve.reset.te-translate",
  "natblaster-2-low-ttl.sequential~preserve.reset.te-drop",
];

describe.skipIf(noEngine)(`the same cells and seed ${SEED}, in warm worlds and in one fresh world each`, () => {
  let folder: Folder;
  let warm: RunReport;
  let fresh: RunReport;

  beforeAll(async () => {
    folder = openFolder();
    const chosen = CELLS.flatMap((id) => ["-t", id]);
    const args = ["matrix", ...chosen, "--json", "-j", "2", "--seed", String(SEED), "--output", folder.path];
    warm = reportOf(await natbed(args));
    fresh = reportOf(await natbed([...args, "--fresh"]));
  });
  afterAll(() => folder?.[Symbol.dispose]());

  const both = (id: string): [CellResult, CellResult] => {
    const [one, other] = [warm, fresh].map(({ cells }) => cells.find(({ cell }) => cell.id === id));
    if (!one || !other) throw new Error(`no result of ${id}`);
    return [one, other];
  };

  it("come out as expected, all of them", () => {
    for (const { cells, counts } of [warm, fresh]) {
      const complaints = cells.filter(({ cell, verdict, surprise }) => surprise || verdict !== cell.expected.verdict);
      expect(complaints.map(({ cell, why }) => `${cell.id}: ${why}`)).toEqual([]);
      expect(counts.asExpected).toBe(CELLS.length);
    }
  });

  it.each(CELLS)("have the same verdict and cause of %s (I-6)", (id) => {
    const [one, other] = both(id);
    expect([other.verdict, other.cause]).toEqual([one.verdict, one.cause]);
  });

  it.each(CELLS)("have the same plan and rules of %s (I-7)", (id) => {
    const [one, other] = both(id);
    const [first, second] = [readTrial(warm.dir, one), readTrial(fresh.dir, other)];
    expect(second.plan).toEqual(first.plan);
    expect(stableRules(second.rules.na)).toBe(stableRules(first.rules.na));
    expect(stableRules(second.rules.nb)).toBe(stableRules(first.rules.nb));
  });

  it("are reported in the same order, each trial with a session and ports of its own", () => {
    expect(fresh.cells.map(({ cell }) => cell.id)).toEqual(warm.cells.map(({ cell }) => cell.id));
    const sessions = warm.cells.map((result) => readTrial(warm.dir, result).plan.session);
    expect(new Set(sessions).size).toBe(CELLS.length);
  });
});
