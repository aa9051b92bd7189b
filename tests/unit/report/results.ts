import { countCells, exitCodeOf } from "../../../orchestrator/report/counts.ts";
import type { CellResult, RunReport } from "../../../orchestrator/report/events.ts";
import { parseScenario, expandScenario } from "../../../orchestrator/scenario/load.ts";

export const SCENARIO = `
name: sample
matrix:
  - technique: simultaneous-open
    na: [preserve, random]
    nb: [preserve, random]
    unsolicitedSyn: [drop, reset]
    expect:
      - { when: { na.ports: random }, verdict: blocked, cause: mapping-mispredicted }
      - { when: { nb.ports: random }, verdict: blocked, cause: mapping-mispredicted }
      - { when: { unsolicitedSyn: reset }, verdict: blocked, cause: reset-by-nat }
      - verdict: direct
  - { technique: natblaster-4, na: [random], nb: [preserve], timeExceeded: [drop], trials: 5, expect: [{ verdict: direct, rate: 0.95 }] }
  - { technique: public, na: [none], nb: [none], expect: [{ verdict: direct }] }
  - { technique: relay, na: [random], nb: [random], expect: [{ verdict: relayed }] }
`;

export const CELLS = expandScenario(parseScenario("sample.yaml", SCENARIO));

/** Results as expected, but for the changes given by cell id. */
export function resultsWith(changes: Record<string, Partial<CellResult>> = {}): CellResult[] {
  for (const id of Object.keys(changes)) if (!CELLS.some((cell) => cell.id === id)) throw new Error(`no cell ${id}`);
  return CELLS.map((cell) => {
    const result: CellResult = {
      cell,
      state: "done",
      verdict: cell.expected.verdict,
      why: "as the scenario says",
      trials: [],
      ...(cell.trials > 1 && { rate: { direct: 5, of: 5, low: 0.5655, high: 1 } }),
      surprise: false,
      tookMs: 310,
      dir: `cells/${cell.id}`,
      ...changes[cell.id],
    };
    const { expected } = cell;
    return result.verdict === "blocked" && expected.verdict === "blocked"
      ? { ...result, cause: expected.cause }
      : result;
  });
}

/** One surprise, one error, one cell without a result. */
export const TROUBLED = resultsWith({
  "simultaneous-open.random~random.drop.te-translate": { surprise: true, verdict: "direct", why: "crossing | SYNs" },
  "simultaneous-open.preserve~random.drop.te-translate": {
    state: "error",
    verdict: "error",
    why: "the agent of nb ended",
    error: { code: "agent-crashed", message: "the agent of nb ended", detail: "TypeError: x\n  at y" },
  },
  "relay.random~random.drop.te-translate": { verdict: "invalid", why: "calibration: NA preserves ports" },
});

export function reportOf(cells: CellResult[], changes: Partial<RunReport> = {}): RunReport {
  const counts = countCells(CELLS.length, cells);
  return {
    schema: 1,
    id: "r1",
    seed: 42,
    scenario: ["sample.yaml"],
    startedAt: "2026-11-22T10:00:00.000Z",
    tookMs: 47_000,
    dir: "runs/r1",
    jobs: 2,
    engine: { version: "28.5.2", kind: "private", kernel: "6.18" },
    ended: "complete",
    counts,
    exitCode: exitCodeOf({ ended: changes.ended ?? "complete", counts }),
    cells,
    ...changes,
  };
}
