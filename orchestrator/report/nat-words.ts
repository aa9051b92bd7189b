import type { Verdict } from "../nat/conformance/requirement.ts";
import type { Conformance } from "../nat/conformance.ts";
import { portsText, refusalText } from "../nat/compare.ts";
import { findingLines } from "../nat/findings.ts";
import type { Examination } from "../nat/examination.ts";
import { AXES, type Axis, type NatModel, type PortAllocation } from "../nat/model.ts";

/** One axis of a model in words: `["ports", "sequential +1 in 40000-40511"]`. */
export function axisTexts(model: NatModel): (readonly [string, string])[] {
  return AXES.flatMap((axis): (readonly [string, string])[] =>
    axis === "timeouts"
      ? Object.entries(model.timeouts).map(([timer, value]) => [`timeouts.${timer}`, String(value)] as const)
      : [[axis, axisText(model, axis)] as const],
  );
}

function axisText(model: NatModel, axis: Exclude<Axis, "timeouts">): string {
  switch (axis) {
    case "ports":
      return allocationText(model.ports);
    case "blockSize":
      return model.blockSize === undefined ? "none" : `${model.blockSize} per inside host`;
    case "sessionLimit":
      return model.sessionLimit === undefined ? "none" : `${model.sessionLimit} per inside host`;
    case "unsolicitedSyn":
    case "wrongPeerSyn":
      return refusalText(model[axis]);
    case "hairpin":
      return model.hairpin ? "yes" : "no";
    default:
      return model[axis];
  }
}

/** `preserve`, `random in 1024-65535`, `sequential +2 in 40000-40510` */
function allocationText(ports: PortAllocation): string {
  if (ports.kind === "preserve") return ports.kind;
  const parity = ports.parity ? ", parity kept" : "";
  return `${portsText(ports)} in ${ports.range.from}-${ports.range.to}${parity}`;
}

/** A declared axis next to what was measured. */
export interface AxisRow {
  readonly axis: string;
  readonly declared: string;
  /** Absent where the measurement could not tell. */
  readonly measured?: string;
  readonly because: string;
  readonly differs: boolean;
}

/** Every axis of an examined NAT, declared and measured. Timeouts are those that were loaded: scaled ones, where they were. */
export function axisRows({ model, found, mismatches }: Examination): AxisRow[] {
  const measured = new Map(findingLines(found).map((line) => [line.axis, line]));
  return axisTexts(model).map(([axis, declared]) => {
    const line = measured.get(axis);
    return {
      axis,
      declared,
      ...(line?.value === undefined ? {} : { measured: line.value }),
      because: line?.because ?? "",
      differs: mismatches.some((mismatch) => mismatch.startsWith(`${axis}: `)),
    };
  });
}

export const VERDICT_MARK: Record<Verdict, string> = {
  pass: "✓",
  fail: "✗",
  undetermined: "?",
  "not-applicable": "–",
};

/** `RFC 5382 REQ-4` */
export function requirementName({ rfc, id }: Pick<Conformance, "rfc" | "id">): string {
  return `RFC ${rfc} ${id}`;
}
