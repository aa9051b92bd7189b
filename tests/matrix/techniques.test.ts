import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { natbed, openFolder, reportOf, type Ended, type Folder } from "../kit/command.ts";

const noEngine = inject("noEngine");
const SEED = 2005;

/** A cell or two of every technique and variant, and of every way in which it ends. */
const CELLS: Readonly<Record<string, string>> = {
  "stunt-1-low-ttl.sequential~preserve.reset.te-drop": "direct by forged",
  "stunt-1-normal.preserve~sequential.drop.te-translate": "direct by crossed",
  "stunt-2-low-ttl-kept.sequential~preserve.reset.te-drop": "direct by crossed",
  "stunt-2-low-ttl-kept.preserve~preserve.drop.te-translate": "blocked: icmp-killed-connect",
  "stunt-2-normal-kept.preserve~preserve.drop.te-translate": "direct by crossed",
  "stunt-2-kept-the-catalogue-before-a.refuses-crossing~linux-closed-input.drop.te-translate.core-icmp-off":
    "direct by crossed",
  "stunt-2-low-ttl-aborted.preserve~preserve.drop.te-translate": "blocked: out-of-state-leak",
  "stunt-2-normal-aborted.preserve~preserve.drop.te-translate": "blocked: out-of-state-leak",
  "stunt-2-normal-aborted.preserve~preserve.reset.te-translate": "blocked: reset-by-nat",
  "stunt-2-aborted-the-catalogue-before-a.openwrt~linux-closed-input.reset~drop.te-translate":
    "blocked: out-of-state-drop",
  "stunt-2-aborted-the-catalogue-before-a.translates-out-of-state~linux-closed-input.drop.te-translate":
    "blocked: out-of-state-drop",
  "stunt-2-aborted-the-catalogue-before-a.liberal-window~linux-closed-input.drop.te-translate": "direct by plain",
  "stunt-2-aborted-the-catalogue-before-a.stateless~linux-closed-input.drop.te-drop~translate": "direct by plain",
  "stunt-2-aborted-na-open-to-anybody.full-cone~symmetric-random.drop.te-translate": "direct by plain",
  "sequential-open.linux-closed-input~linux-closed-input.drop.te-translate": "blocked: out-of-state-leak",
  "sequential-open.refuses-crossing~linux-closed-input.drop.te-translate": "blocked: filtered",
  "sequential-open.liberal-window~linux-closed-input.drop.te-translate": "direct by plain",
  "sequential-open-refused.linux-closed-input~full-cone.drop.te-translate": "blocked: reset-by-host",
  "simultaneous-open-low-ttl.preserve~preserve.reset.te-drop": "direct by crossed",
  "simultaneous-open-low-ttl.preserve~preserve.reset.te-translate": "blocked: icmp-killed-connect",
};
const IDS = Object.keys(CELLS);

describe.skipIf(noEngine)(`a selection of the techniques' matrix, seed ${SEED}`, () => {
  let folder: Folder;
  let ended: Ended;
  let report: RunReport;

  beforeAll(async () => {
    folder = openFolder();
    const chosen = IDS.flatMap((id) => ["-t", id]);
    const options = ["--json", "-j", "2", "--seed", String(SEED), "--output", folder.path];
    ended = await natbed(["matrix", "scenarios/techniques.yaml", ...chosen, ...options]);
    report = reportOf(ended);
  }, 240_000);
  afterAll(() => folder?.[Symbol.dispose]());

  it.each(IDS)("%s comes out as its axes say", (id) => {
    const result = report.cells.find(({ cell }) => cell.id === id);
    expect(result, "no such cell").toBeDefined();
    const { verdict, cause, why, trials } = result!;
    const outcome = trials[0]!.outcome;
    const how = outcome.verdict === "direct" ? ` by ${outcome.proof.handshake}` : "";
    expect(cause ? `${verdict}: ${cause}` : `${verdict}${how}`, why).toBe(CELLS[id]);
  });

  it("ends without a surprise", () => {
    expect(ended.code).toBe(0);
    expect(report.counts).toMatchObject({ total: IDS.length, asExpected: IDS.length });
  });
});
