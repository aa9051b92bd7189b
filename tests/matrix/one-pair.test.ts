import { expect, it } from "vitest";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";
import { readTrial } from "../kit/trial.ts";

const SCENARIO = "scenarios/one-pair.yaml";
const cells = expandScenario(await loadScenario(SCENARIO));
const { id: PLAIN } = cells.find(({ technique }) => technique.name === "connect")!;

describeSelection({
  of: "all techniques through one pair of NATs",
  scenario: SCENARIO,
  seed: 1448,
  cells: Object.fromEntries(cells.map(({ id }) => [id, "direct"])),
  says: verdictOf,
  facts: factsOf,
});

function factsOf(report: () => RunReport): void {
  it("a plain connection has scaled windows, timestamps, selective acknowledgements, and segments of a whole packet", () => {
    for (const side of ["a", "b"] as const)
      expect(socketOf(report(), PLAIN, side)).toEqual({
        timestamps: true,
        selectiveAcks: true,
        windowShifts: { peers: expect.toSatisfy(isShift) as number, own: expect.toSatisfy(isShift) as number },
        sendMss: 1448, // 1500 octets, less IP's 20, TCP's 20 and 12 for a timestamp
        advertisedMss: 1448,
        pathMtu: 1500,
      });
  });

  it.each(cells.map(({ id }) => id))("%s ends with sockets that differ in nothing from a plain connection's", (id) => {
    for (const side of ["a", "b"] as const)
      expect(socketOf(report(), id, side)).toEqual(socketOf(report(), PLAIN, side));
  });
}

const isShift = (value: unknown): boolean => typeof value === "number" && value > 0 && value <= 14;

/** What the kernel of a host says of the socket that the attempt ended with. */
function socketOf(report: RunReport, id: string, side: "a" | "b"): unknown {
  const result = report.cells.find(({ cell }) => cell.id === id);
  if (!result) throw new Error(`no result of ${id}`);
  const adopted = readTrial(report.dir, result).agents.find(({ node, what }) => node === side && what === "adopted");
  return (adopted?.detail as { readonly tcp?: unknown } | undefined)?.tcp;
}
