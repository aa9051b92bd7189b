import { describe, expect, it } from "vitest";
import { expandScenario, loadScenario } from "../../../orchestrator/scenario/load.ts";

const scenario = await loadScenario(new URL("../../../scenarios/paper.yaml", import.meta.url).pathname);
const cells = expandScenario(scenario);
const cell = (id: string) => cells.find((candidate) => candidate.id === id)!;

describe("the paper's matrix", () => {
  it("has at least 150 cells with ids that are unique and usable as file names", () => {
    expect(cells.length).toBeGreaterThanOrEqual(150);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    for (const { id } of cells) expect(id).toMatch(/^[a-z0-9][a-z0-9.~+-]*$/);
  });

  it("crosses every technique with every pair of NATs and policies", () => {
    for (const block of ["simultaneous-open", "natblaster-2 normal", "natblaster-2 low-ttl", "natblaster-4"]) {
      expect(cells.filter((candidate) => candidate.block === block)).toHaveLength(36);
    }
  });

  it("puts cells with the same pair of NATs next to each other", () => {
    const pairs = cells.map(({ na, nb }) => JSON.stringify([na, nb]));
    const changes = pairs.filter((pair, index) => pair !== pairs[index - 1]).length;
    expect(changes).toBe(new Set(pairs).size);
  });

  it("expects of a birthday with 439 SYNs what probability theory says", () => {
    const ports = 65536 - 1024;
    let miss = 1;
    for (let i = 0; i < 439; i++) miss *= (ports - 439 - i) / (ports - i);
    expect(cell("natblaster-4.random~preserve.drop.te-drop").expected).toEqual({
      verdict: "direct",
      rate: expect.closeTo(1 - miss, 4) as number,
    });
  });

  it("names the cause that is nearest to the sender", () => {
    const cause = (id: string) => cell(id).expected;
    const blocked = (name: string) => ({ verdict: "blocked", cause: name });
    expect(cause("natblaster-2-low-ttl.random~random.reset.te-translate")).toEqual(blocked("icmp-killed-connect"));
    expect(cause("natblaster-2-low-ttl.random~preserve.reset.te-drop")).toEqual(blocked("mapping-mispredicted"));
    expect(cause("natblaster-2-normal.preserve~random.drop.te-drop")).toEqual(blocked("mapping-mispredicted"));
    expect(cause("natblaster-2-normal.preserve~random.reset.te-drop")).toEqual(blocked("reset-by-nat"));
    expect(cause("simultaneous-open.preserve~sequential.reset.te-drop")).toEqual(blocked("reset-by-nat"));
    expect(cause("natblaster-2-low-ttl.sequential~preserve.reset.te-drop")).toEqual({ verdict: "direct" });
    expect(cause("natblaster-2-low-ttl-neighbour-every-10-ms.sequential~preserve.drop.te-drop")).toEqual(
      blocked("mapping-mispredicted"),
    );
  });

  it("takes the user's trials and deadline for every cell", () => {
    const limited = expandScenario(scenario, { trials: 7, deadlineMs: 900 });
    expect(limited.every(({ trials, deadlineMs }) => trials === 7 && deadlineMs === 900)).toBe(true);
    expect(cell("natblaster-4.random~preserve.drop.te-drop")).toMatchObject({ trials: 5, deadlineMs: 4000 });
  });
});
