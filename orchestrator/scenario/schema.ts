import { z } from "zod";
import { PLAIN_SPRAY } from "../../wire/technique.ts";
import { NATS } from "../nat/catalogue.ts";
import { axes, refusal, timeExceeded } from "./axes.ts";
import { condition } from "./condition.ts";
import { expectRule } from "./expect-rule.ts";
import { strict } from "./strict.ts";
import { surroundings } from "./surroundings.ts";

/** The word for an entry's expectations that are to be taken from the table of rules. */
export const BY_TABLE = "rules";

/** The gateway name that stands for a plain router. */
export const NO_NAT = "none";

/** The shape of a scenario file; `natNames` are the gateways it may name, its own NATs included. Unknown keys are errors. */
export function scenarioSchema(natNames?: readonly string[]) {
  const gateway = natNames ? z.enum(natNames) : z.string();
  return strict({
    name: slug.describe("Stands in reports and run directories."),
    describe: z.string().describe("What the scenario claims, for people.").optional(),
    defaults: strict(limits).optional().describe("For entries that do not say otherwise."),
    nats: z.record(slug, namedNat).optional().describe("NATs of this scenario's own."),
    matrix: z.array(entry(gateway)).min(1).describe("Each entry stands for all combinations of its lists."),
  });
}

/** A scenario file as written, defaults of the schema filled in. */
export type ScenarioFile = z.output<ReturnType<typeof scenarioSchema>>;
export type MatrixEntry = ScenarioFile["matrix"][number];
export type ExpectRule = Exclude<MatrixEntry["expect"], typeof BY_TABLE>[number];
export type NatDefinition = NonNullable<ScenarioFile["nats"]>[string];

const slug = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and hyphens");
const limits = {
  trials: z.int().min(1).max(10_000).optional().describe("Attempts per cell, each with its own seed."),
  deadlineMs: z.int().min(100).max(600_000).optional().describe("Time one attempt may take, in ms."),
};

const namedNat = strict({
  extends: z
    .string()
    .exactOptional()
    .describe(`A NAT to start from: ${Object.keys(NATS).join(", ")}, or one defined above it in this file.`),
  describe: z.string().exactOptional().describe("What equipment behaves so, for people."),
  ...axes,
});

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

const openingSyn = z.enum(["normal", "low-ttl"]).describe("Where the SYN that opens a NAT ends.");

const assist = z
  .enum(["none", "low-ttl-copy"])
  .default("none")
  .describe("low-ttl-copy: a copy of the SYN goes straight to the far NAT and dies before it.");

/** An entry of a scenario's matrix; `gateway` is the name of a NAT or of a plain router. */
export function entry<Name extends z.ZodType<string>>(gateway: Name) {
  const common = {
    block: z
      .string()
      .regex(/^[\x20-\x7e]+$/, "printable ASCII")
      .optional()
      .describe("Title in reports, where the derived one would not tell two entries apart."),
    na: z.array(gateway).min(1).describe(`NATs before A; ${NO_NAT}: a plain router.`),
    nb: z.array(gateway).min(1).describe(`NATs before B; ${NO_NAT}: a plain router.`),
    unsolicitedSyn: z
      .array(refusal)
      .min(1)
      .optional()
      .describe("What NA and NB answer to a SYN that no mapping admits; without: drop."),
    timeExceeded: z
      .array(timeExceeded)
      .min(1)
      .optional()
      .describe("What NA and NB do with ICMP time-exceeded; without: translate, as Linux does."),
    ...surroundings(gateway),
    ...limits,
    expect: z
      .union(
        [
          z.array(expectRule(condition(gateway), z.string().optional())).min(1),
          z.literal(BY_TABLE).describe("What natbed's own table of rules says, scenarios/rules.yaml."),
        ],
        `a list of rules such as [{ verdict: direct }], or the word ${BY_TABLE}`,
      )
      .describe("The first rule whose `when` fits a cell is its expectation."),
  };
  const plain = (name: "connect" | "public" | "relay") => strict({ technique: z.literal(name), ...common });
  const routed = (name: "natblaster-1" | "natblaster-3") =>
    strict({ technique: z.literal(name), options: strict({ assist, ...punch }).prefault({}), ...common });
  return z.discriminatedUnion("technique", [
    plain("connect"),
    plain("public"),
    plain("relay"),
    strict({
      technique: z.literal("simultaneous-open"),
      options: strict({
        syn: openingSyn.default("normal"),
        retryMs: z.int().min(1).max(60_000).default(1000),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("p2pnat"),
      options: strict({ retryMs: z.int().min(1).max(60_000).default(1000), ...punch }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("birthday-open"),
      options: strict({
        syn: openingSyn.default("normal"),
        sockets: z.int().min(1).max(4096).default(439).describe("Sockets of A, each on a random port of NA."),
        targets: z.int().min(1).max(4096).default(439).describe("Random ports of NA that B aims at, a socket each."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("sequential-open"),
      options: strict({
        doomedMs: z.int().min(1).max(60_000).default(100).describe("So long A's connect() may last before A listens."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("stunt-1"),
      options: strict({ syn: openingSyn.default("low-ttl"), ...punch }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("stunt-2"),
      options: strict({
        syn: openingSyn.default("low-ttl"),
        socket: z
          .enum(["kept", "aborted"])
          .default("kept")
          .describe("Whether A's connecting socket waits for B's SYN, or A closes it and listens."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    routed("natblaster-1"),
    strict({
      technique: z.literal("natblaster-2"),
      options: strict({
        syn: openingSyn.default("low-ttl"),
        synAck: z
          .enum(["x", "self"])
          .default("x")
          .describe("Who sends the SYN+ACKs: X in the hosts' names, or each host its own, told what to answer."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    routed("natblaster-3"),
    strict({
      technique: z.literal("natblaster-4"),
      options: strict({
        search: z
          .enum(["birthday", "ack-sweep"])
          .default("birthday")
          .describe("How A's outside port is found: the paper's birthday, or ACKs of X to every port."),
        sequenceShift: z
          .enum(["none", "learned"])
          .optional()
          .describe(
            "Of an ACK sweep: whether A reads off the ACK that gets through by how much its NAT shifts sequence numbers (none).",
          ),
        syns: z.int().min(1).max(20_000).optional().describe("Of a birthday: so many SYNs, and forged SYN+ACKs (439)."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("natblaster-5"),
      options: strict({
        aims: z
          .int()
          .min(1)
          .max(8)
          .default(2)
          .describe("SYNs that each side may send, each aimed at the port that X has read off the peer's last one."),
        ...punch,
      }).prefault({}),
      ...common,
    }),
    strict({
      technique: z.literal("natblaster-6"),
      options: strict({
        syn: openingSyn.default("normal"),
        search: z
          .enum(["anchor", "blind"])
          .default("anchor")
          .describe("How the ports are found: ACKs of X and SYNs of B, or SYNs of both without X."),
        anchors: z
          .int()
          .min(1)
          .max(4)
          .default(PLAIN_SPRAY.anchors)
          .describe("Ports of NB that are tried, one after the other; blind: of both NATs."),
        packets: z
          .int()
          .min(1)
          .max(64_512)
          .default(PLAIN_SPRAY.packets)
          .describe("SYNs that B sends for each anchor; blind: that each side sends."),
      }).prefault({}),
      ...common,
    }),
    strict({ technique: z.literal("tcp-repair"), options: strict({ ...punch }).prefault({}), ...common }),
    strict({
      technique: z.literal("auto"),
      options: strict({
        withinMs: z
          .int()
          .min(1_000)
          .max(60_000)
          .default(30_000)
          .describe("Time for measuring both NATs and for all steps of the plan; deadlineMs is each step's."),
      }).prefault({}),
      ...common,
    }),
  ]);
}

/** The published JSON Schema, for editors (checked in as scenarios/scenario.schema.json). */
export function scenarioJsonSchema(): object {
  const title = "natbed scenario";
  return { title, ...z.toJSONSchema(scenarioSchema(), { io: "input", target: "draft-7", reused: "ref" }) };
}
