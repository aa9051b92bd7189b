import { expect, it } from "vitest";
import { pausesOf } from "../../../agents/noise.ts";

function pauses(arrivals: "regular" | "poisson", seed: number): number[] {
  const drawn = pausesOf({ everyMs: 40, arrivals, seed });
  return Array.from({ length: 10_000 }, () => drawn.next().value);
}

it("a regular neighbour opens a connection like a clock", () => {
  expect(new Set(pauses("regular", 1))).toEqual(new Set([40]));
});

it("a neighbour by chance keeps the average, and its pauses are exponentially distributed", () => {
  const drawn = pauses("poisson", 1);
  const longer = (ms: number) => drawn.filter((pause) => pause > ms).length / drawn.length;
  expect(drawn.reduce((sum, pause) => sum + pause, 0) / drawn.length).toBeCloseTo(40, -0.5);
  for (const ms of [4, 40, 120]) expect(Math.abs(longer(ms) - Math.exp(-ms / 40))).toBeLessThan(0.02); // four standard errors
  expect(drawn.every((pause) => pause >= 0 && Number.isFinite(pause))).toBe(true);
});

it("a seed repeats a neighbour's pauses, another one does not", () => {
  expect(pauses("poisson", 7)).toEqual(pauses("poisson", 7));
  expect(pauses("poisson", 7)).not.toEqual(pauses("poisson", 8));
});
