import { z } from "zod";
import { NODE_IDS } from "../../wire/control.ts";
import { TECHNIQUES } from "../../wire/rendezvous.ts";
import { CAPABILITIES } from "../nat/needs.ts";
import { TIME_EXCEEDED } from "../nat/model.ts";
import { CAUSES } from "../verdict/outcome.ts";
import type { CellResult, RunReport } from "./events.ts";

// Objects are loose: a reader ignores the fields that it does not know, and passes them on.
const { looseObject: object } = z;

/** A folder's name, and places below the run directory: a report is data, and may not lead a reader elsewhere. */
const CELL_ID = /^(?!\.\.?$)[^/\0]+$/;
const CELL_DIR = /^cells\/(?!\.\.?$)[^/\0]+$/;
const TRIAL_DIR = /^cells\/(?!\.\.?\/)[^/\0]+\/trial-\d+$/;

const count = z.int().min(0);
const ms = z.number().min(0);
const share = z.number().min(0).max(1);
const sides = <T extends z.ZodType>(value: T) => object({ a: value.exactOptional(), b: value.exactOptional() });

const model = object({
  unsolicitedSyn: z.union([z.string(), object({ kind: z.string(), afterMs: ms })]),
  timeExceeded: z.enum(TIME_EXCEEDED),
}).describe("The NAT's behaviour, axis by axis; see docs/nat-models.md.");
const nat = object({ kind: z.literal("nat"), name: z.string(), model });
const gateway = z.discriminatedUnion("kind", [nat, object({ kind: z.literal("router") })]);
const carrier = z.discriminatedUnion("kind", [
  object({ kind: z.literal("each"), a: nat.exactOptional(), b: nat.exactOptional() }),
  object({ kind: z.literal("shared"), nat }),
]);
const core = object({
  icmp: z.enum(["on", "off"]),
  sourceRoute: z.enum(["forward", "refuse"]),
  antiSpoofing: z.boolean(),
  delayMs: ms,
  lossPercent: z.number().min(0).max(100),
  extraHops: count,
});
const expectation = z.discriminatedUnion("verdict", [
  object({
    verdict: z.literal("direct"),
    rate: z.union([share, object({ from: share, to: share })]).exactOptional(),
  }),
  object({ verdict: z.literal("relayed") }),
  object({ verdict: z.literal("blocked"), cause: z.enum(CAUSES) }),
]);

const cell = object({
  id: z.string().regex(CELL_ID).describe("Unique in the run, and a folder's name."),
  scenario: z.string(),
  block: z.string().describe("The table of the report that the cell stands in."),
  technique: object({ name: z.enum(TECHNIQUES) }),
  na: gateway,
  nb: gateway,
  carrier: carrier.exactOptional(),
  core,
  neighbours: sides(object({ everyMs: z.number() })).exactOptional(),
  trials: count,
  deadlineMs: ms,
  expected: expectation.describe("What the scenario claims."),
});

const why = z.string().describe("The reason in one sentence, with addresses, ports and times.");
const outcome = z.discriminatedUnion("verdict", [
  object({
    verdict: z.literal("direct"),
    why,
    proof: object({
      handshake: z.enum(["forged", "self-forged", "crossed", "plain", "injected"]),
      points: z.array(object({ claim: z.string(), evidence: z.string() })),
      connectMs: z.number(),
      searched: object({ packets: count, ms: z.number() }).exactOptional(),
    }),
  }),
  object({ verdict: z.literal("relayed"), why, via: z.enum(NODE_IDS) }),
  object({ verdict: z.literal("blocked"), why, cause: z.enum(CAUSES), at: z.enum(NODE_IDS) }),
  object({
    verdict: z.literal("invalid"),
    why,
    fault: object({
      code: z.enum(["calibration-mismatch", "evidence-incomplete", "attempt-spoiled"]),
      message: z.string(),
    }),
  }),
  object({ verdict: z.literal("unknown"), why, missing: z.array(z.string()) }),
  object({ verdict: z.literal("unsupported"), why, missing: z.array(z.enum(CAPABILITIES)) }),
]);

const trial = object({
  n: z.int().min(1),
  outcome,
  measures: object({ predictionAgeMs: sides(z.number()).exactOptional() }).exactOptional(),
  tookMs: ms,
  dir: z.string().regex(TRIAL_DIR).describe("Relative to the run directory."),
});

const result = object({
  cell,
  state: z.enum(["done", "error", "skipped"]),
  verdict: z.enum(["direct", "relayed", "blocked", "invalid", "unknown", "unsupported", "error"]),
  cause: z.enum(CAUSES).exactOptional(),
  why,
  trials: z.array(trial),
  rate: object({ direct: count, of: count, low: share, high: share })
    .exactOptional()
    .describe("Direct trials, and the bounds of the 95 % Wilson interval."),
  surprise: z.boolean().describe("What was observed contradicts what was expected, in either direction."),
  error: object({ code: z.string(), message: z.string(), detail: z.string().exactOptional() }).exactOptional(),
  tookMs: ms,
  dir: z.string().regex(CELL_DIR).describe("Relative to the run directory."),
});

const counts = object({
  total: count,
  asExpected: count,
  surprises: count,
  errors: count,
  direct: count,
  relayed: count,
  blocked: count,
  invalid: count,
  unknown: count,
  unsupported: count,
  notRun: count,
});

const engine = object({ version: z.string(), kind: z.string(), kernel: z.string() });
const facts = {
  id: z.string(),
  seed: count.describe("Repeats the run's random choices: --seed."),
  scenario: z.array(z.string()).describe("Scenario files as given on the command line."),
  startedAt: z.iso.datetime(),
  jobs: z.int().min(1),
  engine,
};

const report = object({
  schema: z.literal(1).describe("Changes when a field changes its meaning or goes away."),
  ...facts,
  tookMs: ms,
  dir: z.string().describe("Where the run directory was when this was written."),
  ended: z.enum(["complete", "interrupted", "engine-lost"]),
  counts,
  exitCode: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(130)]),
  cells: z.array(result),
});

/** A cell's result.json. */
export const resultFile = result as unknown as z.ZodType<CellResult>;

/** report.json without its cells, which are read one by one: a damaged one does not take the others with it. */
export const reportFile = report.extend({ cells: z.array(z.unknown()) }) as unknown as z.ZodType<
  Omit<RunReport, "cells"> & { readonly cells: readonly unknown[] }
>;

/** run.json, as far as a report rests on it. */
export const runFile = object({
  ...facts,
  scenario: facts.scenario.default([]),
  jobs: facts.jobs.default(1),
  engine: engine.default({ version: "unknown", kind: "unknown", kernel: "unknown" }),
  total: count,
  cells: z.array(object({ id: cell.shape.id })),
});

/** The published JSON Schema of report.json (checked in as docs/report.schema.json). */
export function reportJsonSchema(): object {
  return { title: "natbed report", ...z.toJSONSchema(report, { target: "draft-7", reused: "ref" }) };
}
