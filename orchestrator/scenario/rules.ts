import { z } from "zod";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { TECHNIQUES } from "../../wire/rendezvous.ts";
import { NATS } from "../nat/catalogue.ts";
import { condition, factsOf, fits, natCondition, type Kinds, type Surroundings } from "./condition.ts";
import { expectRule } from "./expect-rule.ts";
import { explainIssue, type Problem } from "./problem.ts";
import { NO_NAT } from "./schema.ts";
import { parseSource, type Source } from "./source.ts";
import { oneOrMore, strict } from "./strict.ts";
import { defaultOptions } from "./technique.ts";

/** The table "technique → what it needs" (scenarios/rules.yaml): from a cell's axes to what is expected of it. */
export interface RuleTable {
  readonly kinds: Kinds;
  readonly holds: Surround;
  readonly techniques: readonly Needs[];
}

/** What one technique, in some of its variants, needs. */
export type Needs = Section & {
  /** The options that each of the techniques may have, by name. */
  readonly variants: Readonly<Partial<Record<TechniqueSpec["name"], Readonly<Record<string, readonly unknown[]>>>>>;
};
type Section = z.output<ReturnType<typeof tableSchema>>["techniques"][number];
export type NeedsRule = Needs["rules"][number];
type Surround = z.output<ReturnType<typeof condition>>;

/** Where a cell's answer stands in the table. */
export interface Answer {
  readonly needs: Needs;
  readonly rule: NeedsRule;
}

/** What the table is asked about. */
export type Question = Surroundings & { readonly deadlineMs: number; readonly neighbours?: object };

function tableSchema(kinds: readonly string[]) {
  const when = condition(z.enum([...Object.keys(NATS), NO_NAT]), kinds);
  return strict({
    describe: z.string().describe("How to read the table, for people."),
    kinds: z
      .record(z.string(), strict({ means: z.string(), nat: oneOrMore(natCondition()) }))
      .describe("Words for NATs: `nat` is a condition on one NAT's axes, or a list any of which will do."),
    holds: when.describe("What the whole table takes for granted; of other cells it says nothing."),
    techniques: z.array(
      strict({
        technique: oneOrMore(z.enum(TECHNIQUES)),
        options: z
          .record(z.string(), oneOrMore(z.union([z.string(), z.number(), z.boolean()])))
          .default({})
          .describe("The variants that are meant; options that are not named have their defaults."),
        needs: z.string().describe("What it needs, in words."),
        holds: when.default({}).describe("What these rules take for granted besides."),
        withinMs: z.int().default(0).describe("The deadline within which what is direct is so."),
        rules: z
          .array(expectRule(when, z.string()))
          .min(1)
          .describe("The first rule whose `when` fits a cell is its expectation."),
      }),
    ),
  });
}

/** Parses the table. Throws NatbedError `scenario-invalid` with every problem found. */
export function parseRules(path: string, text: string): RuleTable {
  const source = parseSource(path, text);
  const parsed = tableSchema(kindNames(source)).safeParse(source.data);
  if (!parsed.success) throw source.error(parsed.error.issues.flatMap((issue) => explainIssue(issue, source.data)));
  const { kinds, holds, techniques } = parsed.data;
  const unknown = techniques.flatMap(unknownOptions);
  if (unknown.length > 0) throw source.error(unknown);
  return {
    kinds: Object.fromEntries(Object.entries(kinds).map(([kind, { nat }]) => [kind, [nat].flat()])),
    holds,
    techniques: techniques.map((section) => ({ ...section, variants: variantsOf(section) })),
  };
}

function unknownOptions({ technique, options }: Section, index: number): Problem[] {
  const known = new Set([technique].flat().flatMap((name) => Object.keys(defaultOptions(name))));
  return Object.keys(options)
    .filter((option) => !known.has(option))
    .map((option) => ({ path: ["techniques", index, "options", option], message: NO_OPTION, atKey: true }));
}

const NO_OPTION = "no option of any of the techniques";

function variantsOf({ technique, options }: Section): Needs["variants"] {
  return Object.fromEntries(
    [technique].flat().map((name) => {
      const defaults = Object.entries(defaultOptions(name));
      return [name, Object.fromEntries(defaults.map(([option, value]) => [option, [options[option] ?? value].flat()]))];
    }),
  );
}

function kindNames({ data }: Source): string[] {
  const kinds = (data as { kinds?: unknown } | null)?.kinds;
  return typeof kinds === "object" && kinds !== null ? Object.keys(kinds) : [];
}

/** The one rule that speaks of a cell, or why there is none. */
export function answerOf(table: RuleTable, question: Question): Answer | string {
  const { technique, deadlineMs, neighbours } = question;
  if (neighbours) return "the table of rules says nothing of cells with neighbours";
  const facts = factsOf(question, table.kinds);
  if (!fits(table.holds, facts)) return `the table of rules is for cells with ${words(table.holds)}`;
  const sections = table.techniques.filter((one) => speaksOf(one, technique));
  const [needs, other] = sections.filter((one) => fits(one.holds, facts));
  if (other) return `the table of rules has two answers for ${variantText(technique)}`;
  if (!needs)
    return sections.length > 0
      ? `of ${technique.name} the table of rules speaks where ${sections.map((one) => words(one.holds)).join(", or where ")}`
      : `the table of rules says nothing of ${variantText(technique)}`;
  if (deadlineMs < needs.withinMs)
    return `the rules for ${technique.name} are for deadlines of ${needs.withinMs} ms and more, not ${deadlineMs}`;
  const rule = needs.rules.find(({ when }) => !when || fits(when, facts));
  return rule ? { needs, rule } : `no rule for ${technique.name} fits it`;
}

function speaksOf({ variants }: Needs, { name, ...options }: TechniqueSpec): boolean {
  const wanted = variants[name];
  return !!wanted && Object.entries(options).every(([option, value]) => wanted[option]?.includes(value));
}

function variantText({ name, ...options }: TechniqueSpec): string {
  const said = Object.entries(options).map(([option, value]) => `${option} ${String(value)}`);
  return [name, ...said].join(", ");
}

function words(when: Surround): string {
  return Object.entries(when)
    .map(([key, values]) => `${key}: ${[values].flat().join(" or ")}`)
    .join(", ");
}
