import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { text as readStream } from "node:stream/consumers";
import type { Command } from "commander";
import { NatbedError } from "../errors.ts";
import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { FAST_TIMERS, type DeclaredNat, type Examination } from "../nat/examination.ts";
import { completeModel } from "../nat/model.ts";
import type { Sheet } from "../report/nat-table.ts";
import { paintFor } from "../report/words.ts";
import { suggest } from "../scenario/suggest.ts";
import { option, wholeNumber } from "./values.ts";

const EXAMPLES = `
Examples:
  natbed nat list                      the NATs that scenarios can name
  natbed nat show openwrt              its axes, and the rules that make a Linux box behave so
  natbed nat check openwrt hostile     measures them: are they what they say, and what do the RFCs say to it
  natbed nat from fingerprint.txt      a NAT for a scenario, from what natbed probe printed`;

const CHECK_EXAMPLES = `
Examples:
  natbed nat check openwrt                   every axis and requirement, with the measurement behind each
  natbed nat check --all                     all of them as a table; some two minutes
  natbed nat check rfc5382 --timers full     waits for the real timeouts: more than two hours

Exit codes: 0 every NAT is what it says, 1 one is not, 2 usage error, 3 infrastructure, 130 interrupted.`;

const FROM_EXAMPLES = `
Examples:
  natbed nat from report.txt > mine.yaml     a fingerprint anywhere in a text, quoted or not
  natbed nat from - --name their-nat         from standard input`;

/** `natbed nat`: the catalogue, shown and measured, and NATs from fingerprints. */
export function addNat(program: Command): void {
  const nat = program.command("nat").description("show and measure NATs, or make one from a fingerprint");
  nat.addHelpText("after", EXAMPLES);
  nat
    .command("list")
    .description("the NATs that scenarios can name")
    .addOption(option("--json", "print them as JSON"))
    .action(listNats);
  nat
    .command("show")
    .description("a NAT's axes and rules")
    .argument("<name>", "a NAT of the catalogue")
    .addOption(option("--json", "print them as JSON"))
    .action(showNat);
  nat
    .command("check")
    .description("measure NATs with the whole battery and compare them with what they declare, and with the RFCs")
    .argument("[name...]", "NATs of the catalogue")
    .addOption(option("--all", "every NAT of the catalogue"))
    .addOption(
      option("--timers <how>", "fast: timeouts at 1:60; full: hours").choices(["fast", "full"]).default("fast"),
    )
    .addOption(option("--seed <n>", "repeat the prober's random choices").argParser(wholeNumber(0, 0x7fffffff)))
    .addOption(option("--json", "print fingerprints, axes and conformance as JSON"))
    .addOption(option("--markdown", "print docs/nat-models.md"))
    .addHelpText("after", CHECK_EXAMPLES)
    .action(checkNats);
  nat
    .command("from")
    .description("a NAT for a scenario from a fingerprint")
    .argument("<file>", "a text that holds a fingerprint; - for standard input")
    .addOption(option("--name <name>", "what to call it").default("measured"))
    .addHelpText("after", FROM_EXAMPLES)
    .action(fromFingerprint);
}

async function listNats({ json }: { json?: true }): Promise<void> {
  const { renderNatList } = await import("../report/nat-table.ts");
  process.stdout.write(json ? `${JSON.stringify(NATS, undefined, 2)}\n` : `${renderNatList(NATS, sheet())}\n`);
}

async function showNat(name: string, { json }: { json?: true }): Promise<void> {
  const nat = natNamed(name);
  const [{ renderRuleset }, { gatewayPlace, PLAIN_SHAPE }, { renderNat }] = await Promise.all([
    import("../nat/ruleset.ts"),
    import("../plan/shape.ts"),
    import("../report/nat-table.ts"),
  ]);
  const model = completeModel(nat.axes);
  const rules = renderRuleset({ kind: "nat", name, model }, gatewayPlace(PLAIN_SHAPE, "na"));
  const text = json
    ? JSON.stringify({ name, ...nat, model, rules }, undefined, 2)
    : renderNat({ name, nat, model, rules }, sheet());
  process.stdout.write(`${text}\n`);
}

interface CheckOptions {
  readonly all?: true;
  readonly timers: "fast" | "full";
  readonly seed?: number;
  readonly json?: true;
  readonly markdown?: true;
}

async function checkNats(names: readonly string[], options: CheckOptions): Promise<void> {
  if (names.length === 0 && !options.all)
    throw new NatbedError("no NAT to check", { kind: "usage", code: "no-nat", hint: "name some, or say --all" });
  if (names.length > 0 && options.all)
    throw new NatbedError(`${names.join(" ")} and --all: which?`, {
      kind: "usage",
      code: "no-nat",
      hint: "name some, or say --all",
    });
  const chosen = options.all ? Object.keys(NATS) : names;
  const nats = chosen.map((name): DeclaredNat => ({ name, model: completeModel(natNamed(name).axes) }));
  const [{ examineNats }, { watchInterrupts }] = await Promise.all([
    import("../run/examine.ts"),
    import("./interrupt.ts"),
  ]);
  using interrupts = watchInterrupts((line) => process.stderr.write(`${line}\n`));
  const timers = options.timers === "full" ? ({ kind: "full" } as const) : FAST_TIMERS;
  const seed = options.seed ?? randomInt(2 ** 31);
  const done: Examination[] = [];
  try {
    for await (const examination of examineNats(nats, { timers, seed, signal: interrupts.signal })) {
      done.push(examination);
      const { name, mismatches } = examination;
      process.stderr.write(`${name}: ${mismatches.length === 0 ? "as declared" : mismatches.join("; ")}\n`);
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error; // what the interrupt broke is no failure
  }
  await print(done, options);
  process.exitCode = interrupts.signal.aborted ? 130 : done.some(({ mismatches }) => mismatches.length > 0) ? 1 : 0;
}

/** Few NATs in full, many as a table. */
const IN_FULL = 2;

async function print(done: readonly Examination[], { json, markdown }: CheckOptions): Promise<void> {
  const { stdout } = process;
  if (json) return void stdout.write(`${JSON.stringify(done, undefined, 2)}\n`);
  if (markdown) {
    const { renderNatModels } = await import("../report/nat-markdown.ts");
    return void stdout.write(renderNatModels(done, NATS));
  }
  const { renderConformanceTable, renderExamination } = await import("../report/nat-table.ts");
  const full = done.length <= IN_FULL;
  stdout.write(
    full
      ? done.map((one) => renderExamination(one, sheet())).join("\n")
      : renderConformanceTable(done, paintFor(stdout)),
  );
}

/** Standard output as it is: without a terminal, lines stay whole. */
function sheet(): Sheet {
  return { paint: paintFor(process.stdout), width: process.stdout.columns || Infinity };
}

async function fromFingerprint(file: string, { name }: { name: string }): Promise<void> {
  const [{ decodeFingerprint }, { classify }, { modelFrom }, { renderDefinition }] = await Promise.all([
    import("../nat/fingerprint.ts"),
    import("../nat/classify.ts"),
    import("../nat/definition.ts"),
    import("../nat/definition-yaml.ts"),
  ]);
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name) || name in NATS || name === "none")
    throw new NatbedError(`${name} cannot be a scenario's own NAT`, {
      kind: "usage",
      code: "nat-name",
      hint: "lower-case letters, digits and hyphens, and no name of the catalogue",
    });
  const read = decodeFingerprint(await readText(file));
  if (!read.ok)
    throw new NatbedError(`no fingerprint in ${file === "-" ? "standard input" : file}: ${read.error}`, {
      kind: "usage",
      code: "fingerprint-damaged",
      hint: "pass the whole block that natbed probe printed, both markers included",
    });
  const head = `# From a fingerprint of mode ${read.value.mode}, taken ${read.value.takenAt}.\n`;
  process.stdout.write(head + renderDefinition(name, modelFrom(classify(read.value))));
}

async function readText(file: string): Promise<string> {
  try {
    return file === "-" ? await readStream(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new NatbedError(`cannot read ${file}`, { kind: "usage", code: "file-unreadable", cause });
  }
}

function natNamed(name: string): NamedNat {
  const nat = (NATS as Readonly<Record<string, NamedNat>>)[name];
  if (nat && Object.hasOwn(NATS, name)) return nat;
  const [near] = suggest(name, Object.keys(NATS));
  throw new NatbedError(`there is no NAT ${name}`, {
    kind: "usage",
    code: "unknown-nat",
    hint: near ? `did you mean ${near}?` : "natbed nat list names them all",
  });
}
