import { expect, it } from "vitest";
import { measure } from "../../../orchestrator/verdict/measures.ts";
import { recorded } from "./recorded/index.ts";

const NEIGHBOUR = await recorded("mispredicted-neighbour");
const RELAYED = await recorded("relayed");

it("a prediction's age is the time from the last probe to the SYN that was predicted, the deliberate pause included", () => {
  const { cell, evidence } = NEIGHBOUR;
  const { gapMs } = cell.technique as { gapMs: number };
  expect(gapMs).toBeGreaterThan(0);
  const { predictionAgeMs } = measure(cell, evidence);
  expect(predictionAgeMs!.a).toBeGreaterThanOrEqual(gapMs);
  expect(predictionAgeMs!.a).toBeLessThan(gapMs + 100);
  const told = evidence.logs.find(({ node, what }) => node === "a" && what === "predicted")!;
  const punched = evidence.logs.find(({ node, what }) => node === "a" && what === "connect")!;
  expect(predictionAgeMs!.a).toBeGreaterThan((punched.atUs - told.atUs) / 1000); // the probe's answer came first
});

it("who predicts nothing, or of whom no packet was kept, has no prediction's age", () => {
  expect(measure(RELAYED.cell, RELAYED.evidence)).toEqual({});
  const { cell, evidence } = NEIGHBOUR;
  expect(measure(cell, { ...evidence, captures: {} })).toEqual({});
});

it("how many connections the NATs began to track is told as far as the kernel told all", () => {
  const { cell, evidence } = RELAYED;
  const entriesMade = { na: 64_514, nb: 3 };
  expect(measure(cell, { ...evidence, entriesMade })).toEqual({ entriesMade });
});
