import { z } from "zod";
import { ALL_PORTS, NATS } from "../nat/catalogue.ts";
import { CAUSES } from "../verdict/outcome.ts";

/** The gateway name that stands for a plain router. */
export const NO_NAT = "none";

/** The shape of a scenario file; `natNames` are the gateways it may name, its own NATs included. Unknown keys are errors. */
export function scenarioSchema(natNames?: readonly string[]) {
  const gateway = natNames ? z.enum(natNames) : z.string();
  return z.strictObject({
    name: slug.describe("Stands in reports and run directories."),
    describe: z.string().describe("What the scenario claims, for people.").optional(),
    defaults: z.strictObject(limits).optional().describe("For entries that do not say otherwise."),
    nats: z.record(slug, namedNat(natNames)).optional().describe("NATs of this scenario's own."),
    matrix: z.array(entry(gateway)).min(1).describe("Each entry stands for all combinations of its lists."),
  });
}

/** A scenario file as written, defaults of the schema filled in. */
export type ScenarioFile = z.output<ReturnType<typeof scenarioSchema>>;
export type MatrixEntry = ScenarioFile["matrix"][number];
export type ExpectRule = MatrixEntry["expect"][number];
export type Condition = NonNullable<ExpectRule["when"]>;
export type NatDefinition = NonNullable<ScenarioFile["nats"]>[string];

const slug = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens");
const unsolicitedSyn = z.enum(["drop", "reset"]);
const timeExceeded = z.enum(["drop", "translate"]);
const portKind = z.enum(["preserve", "sequential", "random"]);

const limits = {
  trials: z.int().min(1).max(10_000).optional().describe("Attempts per cell, each with its own seed."),
  deadlineMs: z.int().min(100).max(600_000).optional().describe("Time one attempt may take, in ms."),
};

// Whether ports make sense together is checkModel's business, which says more than a bound could.
const portRange = z.strictObject({ from: z.number(), to: z.number() });

const ports = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("preserve") }),
  z.strictObject({ kind: z.literal("sequential"), step: z.number(), range: portRange }),
  z.strictObject({ kind: z.literal("random"), range: portRange.default(ALL_PORTS) }),
]);

function namedNat(natNames?: readonly string[]) {
  return z.strictObject({
    extends: (natNames ? z.enum(natNames) : z.string())
      .optional()
      .describe(`A NAT to start from: ${Object.keys(NATS).join(", ")}, or one of this file.`),
    ports: ports.optional(),
    unsolicitedSyn: unsolicitedSyn.optional().describe("Fixes this axis whatever an entry's list says."),
    timeExceeded: timeExceeded.optional().describe("Fixes this axis whatever an entry's list says."),
  });
}

const punch = {
  predictionOffset: z
    .int()
    .min(-1000)
    .max(1000)
    .default(0)
    .describe("Added to the predicted port: a deliberate mis-prediction."),
  gapMs: z.int().min(0).max(60_000).default(0).describe("Pause between prediction and punching."),
  skewMs: z.int().min(0).max(60_000).default(0).describe("B punches so much later than A."),
};

function entry<Name extends z.ZodType<string>>(gateway: Name) {
  const common = {
    block: z
      .string()
      .regex(/^[\x20-\x7e]+$/, "printable ASCII")
      .optional()
      .describe("Title in reports, where the derived one would not tell two entries apart."),
    na: z.array(gateway).min(1).describe(`NATs before A; ${NO_NAT}: a plain router.`),
    nb: z.array(gateway).min(1).describe(`NATs before B; ${NO_NAT}: a plain router.`),
    unsolicitedSyn: z
      .array(unsolicitedSyn)
      .min(1)
      .optional()
      .describe("What both NATs answer to a SYN that no mapping admits; without: drop."),
    timeExceeded: z
      .array(timeExceeded)
      .min(1)
      .optional()
      .describe("What both NATs do with ICMP time-exceeded; without: translate, as Linux does."),
    neighbour: z
      .strictObject({ everyMs: z.int().min(1).max(60_000) })
      .optional()
      .describe("A host beside A that keeps opening connections."),
    ...limits,
    expect: z.array(expectRule(gateway)).min(1).describe("The first rule whose `when` fits a cell is its expectation."),
  };
  const plain = (name: "connect" | "public" | "relay") => z.strictObject({ technique: z.literal(name), ...common });
  return z.discriminatedUnion("technique", [
    plain("connect"),
    plain("public"),
    plain("relay"),
    z.strictObject({
      technique: z.literal("simultaneous-open"),
      options: z.strictObject({ retryMs: z.int().min(1).max(60_000).default(1000), ...punch }).prefault({}),
      ...common,
    }),
    z.strictObject({
      technique: z.literal("natblaster-2"),
      options: z.strictObject({ syn: z.enum(["normal", "low-ttl"]).default("low-ttl"), ...punch }).prefault({}),
      ...common,
    }),
    z.strictObject({
      technique: z.literal("natblaster-4"),
      options: z.strictObject({ syns: z.int().min(1).max(20_000).default(439), ...punch }).prefault({}),
      ...common,
    }),
  ]);
}

function expectRule<Name extends z.ZodType<string>>(gateway: Name) {
  const when = z
    .strictObject({
      na: oneOrMore(gateway),
      nb: oneOrMore(gateway),
      "na.ports": oneOrMore(portKind),
      "nb.ports": oneOrMore(portKind),
      unsolicitedSyn: oneOrMore(unsolicitedSyn),
      timeExceeded: oneOrMore(timeExceeded),
    })
    .partial()
    .optional()
    .describe("All of these must hold; without: any cell.");
  return z.discriminatedUnion("verdict", [
    z.strictObject({
      when,
      verdict: z.literal("direct"),
      rate: z.number().gt(0).max(1).optional().describe("Expected share of direct trials."),
    }),
    z.strictObject({ when, verdict: z.literal("relayed") }),
    z.strictObject({ when, verdict: z.literal("blocked"), cause: z.enum(CAUSES) }),
  ]);
}

function oneOrMore<Value extends z.ZodType>(value: Value) {
  return z.union([value, z.array(value).min(1)]);
}

/** The published JSON Schema, for editors (checked in as scenarios/scenario.schema.json). */
export function scenarioJsonSchema(): object {
  const title = "natbed scenario";
  return { title, ...z.toJSONSchema(scenarioSchema(), { io: "input", target: "draft-7" }) };
}
