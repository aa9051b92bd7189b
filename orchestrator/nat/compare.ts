import { kindOf } from "./classify/admission.ts";
import type {
  Classification,
  Finding,
  MeasuredCapacity,
  MeasuredPorts,
  MeasuredRefusal,
  TimeoutInterval,
} from "./measured.ts";
import { AXES, type NatModel, type PortAllocation, type SynRefusal, type Timeouts } from "./model.ts";

/** An ICMP answer may come so much before or after its time: clocks, and a busy machine. */
const EARLY_MS = 250;
const LATE_MS = 2_500;
/** A mapping's idle time is known to so much. */
const TIMER_SLACK_S = 0.25;
/** Connections of other tests hold ports too, and a random choice stops short of the last free ones. */
export const CAPACITY_SHARE = 0.5;

type EnumeratedAxis = Exclude<
  (typeof AXES)[number],
  "ports" | "blockSize" | "sessionLimit" | "unsolicitedSyn" | "wrongPeerSyn" | "timeouts"
>;

/** One sentence per axis that was determined and is not what the model declares; empty when all of them agree. */
export function compareModel(declared: NatModel, measured: Classification): string[] {
  const { axes, timeouts } = measured;
  const plain = AXES.filter(isEnumerated).flatMap((axis) =>
    differs(axis, declared[axis], axes[axis] as Finding<string | boolean>),
  );
  return [
    ...(measured.translated.kind === "determined" && !measured.translated.value
      ? [`no translation: ${measured.translated.evidence}`]
      : []),
    ...plain,
    ...comparePorts(declared.ports, axes.ports),
    ...compareCapacity(declared, axes.blockSize),
    ...compareRefusal("unsolicitedSyn", declared.unsolicitedSyn, axes.unsolicitedSyn),
    ...compareRefusal("wrongPeerSyn", declared.wrongPeerSyn, axes.wrongPeerSyn),
    ...TIMERS.flatMap((timer) => compareTimeout(timer, declared.timeouts[timer], timeouts[timer])),
  ];
}

const TIMERS = ["synSentS", "establishedS", "closingS"] as const satisfies readonly (keyof Timeouts)[];

function isEnumerated(axis: (typeof AXES)[number]): axis is EnumeratedAxis {
  return !["ports", "blockSize", "sessionLimit", "unsolicitedSyn", "wrongPeerSyn", "timeouts"].includes(axis);
}

function differs<T extends string | boolean>(axis: string, declared: T, found: Finding<T>): string[] {
  if (found.kind === "undetermined" || found.value === declared) return [];
  return [mismatch(axis, { declared: String(declared), measured: String(found.value), evidence: found.evidence })];
}

interface Disagreement {
  readonly declared: string;
  readonly measured: string;
  readonly evidence: string;
}

function mismatch(axis: string, { declared, measured, evidence }: Disagreement): string {
  return `${axis}: declared ${declared}, measured ${measured} (${evidence})`;
}

function comparePorts(declared: PortAllocation, found: Finding<MeasuredPorts>): string[] {
  if (found.kind === "undetermined") return [];
  const { value: measured, evidence } = found;
  const step = (ports: PortAllocation | MeasuredPorts) => (ports.kind === "sequential" ? ports.step : 0);
  if (declared.kind !== measured.kind || step(declared) !== step(measured))
    return [mismatch("ports", { declared: portsText(declared), measured: portsText(measured), evidence })];
  if (declared.kind === "preserve" || measured.kind === "preserve") return [];
  const stray = [measured.seen.from, measured.seen.to].find((port) => !isDealt(declared, port));
  const parity = { declared: parityText(declared.parity), measured: parityText(measured.parity), evidence };
  return [
    ...(stray === undefined ? [] : [`ports: ${stray} is none of ${rangeText(declared)} (${evidence})`]),
    ...(measured.parity === undefined || measured.parity === (declared.parity ?? false)
      ? []
      : [mismatch("parity of ports", parity)]),
  ];
}

/** Whether an allocator hands `port` out at all. */
function isDealt(ports: Exclude<PortAllocation, { kind: "preserve" }>, port: number): boolean {
  const { from, to } = ports.range;
  if (port < from || port > to) return false;
  return ports.kind === "random" || ports.parity === true || (port - from) % ports.step === 0;
}

function rangeText(ports: Exclude<PortAllocation, { kind: "preserve" }>): string {
  const every = ports.kind === "sequential" && Math.abs(ports.step) > 1 ? ` by ${Math.abs(ports.step)}` : "";
  return `${ports.range.from}-${ports.range.to}${every}`;
}

function parityText(kept: boolean | undefined): string {
  return kept ? "kept" : "not kept";
}

/** `sequential +1`, `random` */
export function portsText(ports: PortAllocation | MeasuredPorts): string {
  return ports.kind === "sequential" ? `sequential ${ports.step > 0 ? "+" : ""}${ports.step}` : ports.kind;
}

/** A host runs out at its limit of sessions, of ports at its block, or where the whole range is smaller, at that. */
function compareCapacity(declared: NatModel, found: Finding<MeasuredCapacity>): string[] {
  if (found.kind === "undetermined") return [];
  const { blockSize = Infinity, sessionLimit = Infinity, ports: allocation } = declared;
  const limit = Math.min(blockSize, sessionLimit, rangeSize(allocation));
  const { kind, ports } = found.value;
  const fits = kind === "at-least" ? limit >= ports : limit >= ports && ports >= limit * CAPACITY_SHARE;
  const said = limit === Infinity ? "no limit" : `${limit} ${limit === sessionLimit ? "sessions" : "ports"}`;
  const measured = kind === "at-least" ? `${ports} or more` : `an end after ${ports}`;
  return fits
    ? []
    : [
        mismatch(limit === sessionLimit && limit !== Infinity ? "sessionLimit" : "blockSize", {
          declared: said,
          measured,
          evidence: found.evidence,
        }),
      ];
}

/** So many mappings to one peer a NAT of these ports can have. */
export function rangeSize(ports: PortAllocation): number {
  switch (ports.kind) {
    case "preserve":
      return Infinity;
    case "random":
      return ports.range.to - ports.range.from + 1;
    case "sequential":
      return ((ports.range.to - ports.range.from) / Math.abs(ports.step) + 1) * (ports.parity ? 2 : 1);
  }
}

function compareRefusal(axis: string, declared: SynRefusal, found: Finding<MeasuredRefusal>): string[] {
  if (found.kind === "undetermined" || agrees(declared, found.value)) return [];
  const { value, evidence } = found;
  return [mismatch(axis, { declared: refusalText(declared), measured: refusalText(value), evidence })];
}

function agrees(declared: SynRefusal, measured: MeasuredRefusal): boolean {
  const delayed = typeof declared === "string" ? undefined : declared.afterMs;
  if (typeof measured === "string") return declared === measured;
  if (measured.kind === "silence")
    return declared === "drop" || (delayed !== undefined && delayed + LATE_MS > measured.forMs);
  return delayed !== undefined && measured.afterMs > delayed - EARLY_MS && measured.afterMs < delayed + LATE_MS;
}

/** `drop`, `delayed-icmp after 6.0 s` */
export function refusalText(refusal: MeasuredRefusal): string {
  if (typeof refusal === "string" || refusal.kind === "silence") return kindOf(refusal);
  return `${refusal.kind} after ${(refusal.afterMs / 1000).toFixed(1)} s`;
}

function compareTimeout(timer: keyof Timeouts, declared: number | "never", found: Finding<TimeoutInterval>): string[] {
  if (found.kind === "undetermined") return [];
  const { value, evidence } = found;
  const { atLeastS, lessThanS } = value;
  const ends = declared === "never" ? Infinity : declared;
  const fits = ends > atLeastS - TIMER_SLACK_S && (lessThanS === undefined || ends < lessThanS + TIMER_SLACK_S);
  const said = declared === "never" ? "never" : `${declared} s`;
  return fits ? [] : [mismatch(`timeouts.${timer}`, { declared: said, measured: intervalText(value), evidence })];
}

/** `120 to 240 s`, `more than 8 s` */
export function intervalText({ atLeastS, lessThanS }: TimeoutInterval): string {
  return lessThanS === undefined ? `more than ${atLeastS} s` : `${atLeastS} to ${lessThanS} s`;
}
