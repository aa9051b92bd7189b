import type { Command } from "commander";
import { NatbedError } from "../errors.ts";
import { NATS } from "../nat/catalogue.ts";
import { completeModel } from "../nat/model.ts";
import { checkNats } from "./nat-check.ts";
import { fileOption, natNamed, natsOf, readText } from "./nat-names.ts";
import { sheet } from "./nat-sheet.ts";
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
  natbed nat check --all                     all of them as a table; some 45 seconds
  natbed nat check --file mine.yaml          a scenario's own NATs, or what natbed nat from printed
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
    .argument("<name>", "a NAT of the catalogue, or of --file")
    .addOption(fileOption())
    .addOption(option("--json", "print them as JSON"))
    .action(showNat);
  nat
    .command("check")
    .description("measure NATs with the whole battery and compare them with what they declare, and with the RFCs")
    .argument("[name...]", "NATs of the catalogue, or of --file; with --file and without a name: all of that file's")
    .addOption(fileOption())
    .addOption(option("--all", "every NAT of the catalogue"))
    .addOption(
      option("--timers <how>", "fast: timeouts at 1:60; full: hours").choices(["fast", "full"]).default("fast"),
    )
    .addOption(option("--seed <n>", "repeat the prober's random choices").argParser(wholeNumber(0, 0x7fffffff)))
    .addOption(option("--json", "print fingerprints, axes and conformance as JSON").conflicts("markdown"))
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

async function showNat(name: string, { file, json }: { readonly file?: string; readonly json?: true }): Promise<void> {
  const nat = natNamed(name, file === undefined ? new Map() : await natsOf(file));
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
