import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { CellResult, RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, reportOf, type Ended, type Folder } from "./command.ts";

export interface Selection {
  /** Whose cells they are, for the title. */
  readonly of: string;
  readonly scenario: string;
  readonly seed: number;
  /** By cell id, what `says` says of its result. */
  readonly cells: Readonly<Record<string, string>>;
  readonly says: (result: CellResult) => string;
  /** Further tests of the same run; its report is there once they run. */
  readonly facts?: (report: () => RunReport) => void;
}

/** `blocked: filtered`, `direct` */
export function verdictOf({ verdict, cause }: Pick<CellResult, "verdict" | "cause">): string {
  return cause ? `${verdict}: ${cause}` : verdict;
}

/** A test of some cells of a scenario, played by the command itself: each comes out as it says here, and the run without a surprise. */
export function describeSelection({ of, scenario, seed, cells, says, facts }: Selection): void {
  const ids = Object.keys(cells);
  describe.skipIf(inject("noEngine"))(`a selection of ${of}, seed ${seed}`, () => {
    let folder: Folder;
    let ended: Ended;
    let report: RunReport;

    beforeAll(async () => {
      folder = openFolder();
      const chosen = ids.flatMap((id) => ["-t", only(id)]);
      const options = ["--json", "-j", "2", "--seed", String(seed), "--output", folder.path];
      ended = await natbed(["matrix", scenario, ...chosen, ...options]);
      report = reportOf(ended);
    }, 240_000);
    afterAll(() => folder?.[Symbol.dispose]());

    it.each(ids)("%s comes out as its axes say", (id) => {
      const result = report.cells.find(({ cell }) => cell.id === id);
      expect(result, "no such cell").toBeDefined();
      expect(says(result!), result!.why).toBe(cells[id]);
    });

    it("ends without a surprise", () => {
      expect(ended.code).toBe(0);
      expect(report.counts).toMatchObject({ total: ids.length, asExpected: ids.length });
    });

    facts?.(() => report);
  });
}

/** A filter that one cell fits, and none whose name is longer. */
function only(id: string): string {
  return `/^${id.replaceAll(/[.+]/g, String.raw`\$&`)}$/`;
}
