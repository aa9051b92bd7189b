import type { GatewayRules } from "../../wire/control.ts";
import type { NamedNat } from "../nat/catalogue.ts";
import type { Verdict } from "../nat/conformance/requirement.ts";
import type { Examination } from "../nat/examination.ts";
import type { NatModel } from "../nat/model.ts";
import { columns, pad, wrap } from "./columns.ts";
import { axisRows, axisTexts, requirementName, VERDICT_MARK } from "./nat-words.ts";
import type { Paint } from "./words.ts";

/** Where a text is shown: colours, and the terminal's width; `Infinity` where there is no terminal. */
export interface Sheet {
  readonly paint: Paint;
  readonly width: number;
}

/** `natbed nat list`: every NAT with what it is. */
export function renderNatList(nats: Readonly<Record<string, NamedNat>>, { paint, width }: Sheet): string {
  return columns(
    Object.entries(nats).map(([name, { describe }]) => [paint("bold", name), describe]),
    width,
  );
}

/** `natbed nat show`: axes, source, and the rules that make a Linux box behave so. */
export function renderNat(
  { name, nat, model, rules }: { name: string; nat: NamedNat; model: NatModel; rules: GatewayRules },
  { paint, width }: Sheet,
): string {
  const settings = Object.entries(rules.sysctls).map(([setting, value]) => `${setting} = ${value}`);
  const duties = JSON.stringify(rules.duties);
  return [
    ...wrap(`${paint("bold", name)}: ${nat.describe}`, width),
    ...wrap(`source: ${nat.source}`, width),
    "",
    columns(axisTexts(model)),
    "",
    paint("dim", "# iptables-restore"),
    rules.iptables.trimEnd(),
    "",
    paint("dim", "# nft -f"),
    rules.nft.trimEnd(),
    "",
    paint("dim", "# sysctl"),
    ...settings,
    ...(duties === "{}" ? [] : ["", paint("dim", `# in user space: ${duties}`)]),
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
export function renderExamination(examination: Examination, { paint, width }: Sheet): string {
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
    `${row.text}\n${paint("dim", row.because)}`,
  ]);
  const scale = timers.kind === "scaled" ? ` (timers were measured at 1:${timers.scale})` : "";
  return [
    `${paint("bold", name)}: ${head}${scale}`,
    ...mismatches.map((mismatch) => `  ${paint("red", mismatch)}`),
    columns([["  axis", "declared", "measured", ""], ...axes], width),
    "",
    columns(rows, width),
    "",
  ].join("\n");
}

/** All NATs of a check: a row each, a narrow column per requirement, so that all of them fit a terminal. */
export function renderConformanceTable(examinations: readonly Examination[], paint: Paint): string {
  const [first] = examinations;
  if (!first) return "";
  const rfcs = [...Map.groupBy(first.conformance, ({ rfc }) => rfc)];
  const label = Math.max(...examinations.map(({ name }) => name.length));
  /** A line with a cell per requirement, a wider gap before each RFC. */
  const line = (head: string, cells: readonly string[]): string => {
    const left = [...cells];
    const groups = rfcs.map(([, rows]) => rows.map((row) => pad(left.shift() ?? "", shortId(row).length)).join(" "));
    return [pad(head, label), ...groups].join("  ").trimEnd();
  };
  const title = rfcs.map(([rfc, rows]) => pad(`RFC ${rfc}`, rows.map(shortId).join(" ").length));
  const lines = [
    [pad("", label), ...title].join("  ").trimEnd(),
    line("", first.conformance.map(shortId)),
    ...examinations.map(({ name, conformance }) =>
      line(
        name,
        conformance.map(({ verdict }) => paint(STYLE[verdict], VERDICT_MARK[verdict])),
      ),
    ),
  ];
  const legend = Object.entries(VERDICT_MARK).map(([verdict, mark]) => `${mark} ${verdict}`);
  return `${lines.join("\n")}\n\n${legend.join("   ")}\n`;
}

/** `REQ-3a` → `3a`, `2.2 b` → `2.2b` */
function shortId({ id }: { readonly id: string }): string {
  return id.replace("REQ-", "").replace(" ", "");
}
