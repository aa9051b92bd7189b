import type { GatewayRules } from "../../wire/control.ts";
import { stripVTControlCharacters } from "node:util";
import type { NamedNat } from "../nat/catalogue.ts";
import type { Verdict } from "../nat/conformance/requirement.ts";
import type { Examination } from "../nat/examination.ts";
import type { NatModel } from "../nat/model.ts";
import { axisRows, axisTexts, requirementName, VERDICT_MARK } from "./nat-words.ts";
import type { Paint } from "./words.ts";

/** `natbed nat list`: a line per NAT. */
export function renderNatList(nats: Readonly<Record<string, NamedNat>>): string {
  return columns(Object.entries(nats).map(([name, { describe }]) => [name, describe]));
}

/** `natbed nat show`: axes, source, and the rules that make a Linux box behave so. */
export function renderNat(
  name: string,
  nat: NamedNat,
  { model, rules }: { model: NatModel; rules: GatewayRules },
): string {
  const settings = Object.entries(rules.sysctls).map(([setting, value]) => `${setting} = ${value}`);
  const duties = JSON.stringify(rules.duties);
  return [
    `${name}: ${nat.describe}`,
    `source: ${nat.source}`,
    "",
    columns(axisTexts(model)),
    "",
    "# iptables-restore",
    rules.iptables.trimEnd(),
    "",
    "# nft -f",
    rules.nft.trimEnd(),
    "",
    "# sysctl",
    ...settings,
    ...(duties === "{}" ? [] : ["", `# in user space: ${duties}`]),
    "",
  ].join("\n");
}

const STYLE: Record<Verdict, Parameters<Paint>[0]> = {
  pass: "green",
  fail: "red",
  undetermined: "yellow",
  "not-applicable": "dim",
};

/** `natbed nat check NAME`: every axis as declared and as measured, then every requirement with its measurement. */
export function renderExamination(examination: Examination, paint: Paint): string {
  const { name, mismatches, conformance, timers } = examination;
  const head = mismatches.length === 0 ? paint("green", "as declared") : paint("red", "not what it says");
  const axes = axisRows(examination).map(({ axis, declared, measured, because, differs }) => {
    const seen = measured ?? paint("yellow", "undetermined");
    return [`  ${axis}`, declared, differs ? paint("red", seen) : seen, paint("dim", because)];
  });
  const rows = conformance.map((row) => [
    `  ${requirementName(row)}`,
    row.level,
    paint(STYLE[row.verdict], row.verdict),
    row.text,
    paint("dim", row.because),
  ]);
  const scale = timers.kind === "scaled" ? ` (timers were measured at 1:${timers.scale})` : "";
  return [
    `${paint("bold", name)}: ${head}${scale}`,
    ...mismatches.map((mismatch) => `  ${paint("red", mismatch)}`),
    columns([["  axis", "declared", "measured", ""], ...axes]),
    "",
    columns(rows),
    "",
  ].join("\n");
}

/** All NATs of a check: a row each, a column per requirement. */
export function renderConformanceTable(examinations: readonly Examination[], paint: Paint): string {
  const [first] = examinations;
  if (!first) return "";
  const head = ["", ...first.conformance.map(({ rfc, id }) => `${rfc} ${id}`)];
  const rows = examinations.map(({ name, conformance }) => [
    name,
    ...conformance.map(({ verdict }) => paint(STYLE[verdict], VERDICT_MARK[verdict])),
  ]);
  const legend = Object.entries(VERDICT_MARK).map(([verdict, mark]) => `${mark} ${verdict}`);
  return `${columns([head, ...rows])}\n\n${legend.join("   ")}\n`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const length = (text: string) => stripVTControlCharacters(text).length;
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(...rows.map((row) => length(row[at] ?? ""))));
  return rows
    .map((row) => row.map((text, at) => text + " ".repeat((widths[at] ?? 0) - length(text))).join("  "))
    .map((line) => line.trimEnd())
    .join("\n");
}
