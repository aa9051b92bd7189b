import { ALL_PORTS } from "./catalogue.ts";
import { checkModel } from "./check.ts";
import { CAPACITY_SHARE, intervalText, rangeSize } from "./compare.ts";
import type { Classification, Finding, MeasuredPorts, MeasuredRefusal, TimeoutInterval } from "./measured.ts";
import {
  completeModel,
  LINUX_TIMEOUTS,
  type NatModel,
  type PartialModel,
  type PortAllocation,
  type PortRange,
  type SynRefusal,
  type Timeouts,
} from "./model.ts";

/** An axis of a model that was made from a classification. `measured`: as it was seen, otherwise completed or assumed, `because`. */
export interface DefinedAxis<T> {
  readonly value: T;
  readonly measured: boolean;
  readonly because: string;
}

/** A NAT that behaves like the one that was measured, as far as that is known, and on what each axis rests. */
export interface Definition {
  readonly axes: { readonly [A in Exclude<keyof NatModel, "timeouts" | Limit>]: DefinedAxis<NatModel[A]> } & {
    readonly [A in Limit]?: DefinedAxis<number>;
  };
  readonly timeouts: { readonly [T in keyof Timeouts]: DefinedAxis<Timeouts[T]> };
  /** Why the testbed cannot build such a NAT; empty when it can. */
  readonly problems: readonly string[];
}

/** Axes that a NAT need not have. */
type Limit = "blockSize" | "sessionLimit";

/** Makes a model of what was measured; what was left open is as on Linux behind a firewall, and says so. */
export function modelFrom({ axes, timeouts }: Classification): Definition {
  const ports = takePorts(axes.ports);
  const known: PartialModel & Pick<NatModel, "ports"> = { ports: ports.value };
  const stock = completeModel(known);
  const take = <T>(finding: Finding<T>, otherwise: T): DefinedAxis<T> =>
    finding.kind === "determined"
      ? { value: finding.value, measured: true, because: finding.evidence }
      : { value: otherwise, measured: false, because: finding.why };
  const unsolicitedSyn = takeRefusal(axes.unsolicitedSyn, stock.unsolicitedSyn);
  const stateless = axes.sourceRoute.kind === "determined" && axes.sourceRoute.value === "stateless";
  const timeout = (timer: keyof Timeouts) => takeTimeout(timeouts[timer], stateless ? "never" : LINUX_TIMEOUTS[timer]);
  const defined = {
    mapping: take(axes.mapping, stock.mapping),
    filtering: take(axes.filtering, stock.filtering),
    ports,
    unsolicitedSyn,
    wrongPeerSyn: takeRefusal(axes.wrongPeerSyn, unsolicitedSyn.value),
    timeExceeded: take(axes.timeExceeded, stock.timeExceeded),
    reset: take(axes.reset, stock.reset),
    outOfState: take(axes.outOfState, stock.outOfState),
    crossingSyn: take(axes.crossingSyn, stock.crossingSyn),
    windowTracking: take(axes.windowTracking, stock.windowTracking),
    sequenceNumbers: take(axes.sequenceNumbers, stock.sequenceNumbers),
    sourceRoute: take(axes.sourceRoute, stock.sourceRoute),
    hairpin: take(axes.hairpin, stock.hairpin),
    ...takeLimit(axes.blockSize, ports.value),
  };
  const ends = {
    synSentS: timeout("synSentS"),
    establishedS: timeout("establishedS"),
    closingS: timeout("closingS"),
  };
  return { axes: defined, timeouts: ends, problems: checkModel(valuesOf(defined, ends)) };
}

function valuesOf(axes: Definition["axes"], timeouts: Definition["timeouts"]): NatModel {
  const values = (defined: object) =>
    Object.fromEntries(
      Object.entries(defined).map(([axis, { value }]: [string, DefinedAxis<unknown>]) => [axis, value]),
    );
  return { ...(values(axes) as Omit<NatModel, "timeouts">), timeouts: values(timeouts) as unknown as Timeouts };
}

/** The range is not known, only ports of it: so many steps are taken for a sequence, and for chance what explains the ports seen. */
const SEQUENCE_LENGTH = 512;

function takePorts(finding: Finding<MeasuredPorts>): DefinedAxis<PortAllocation> {
  if (finding.kind === "undetermined") return { value: { kind: "preserve" }, measured: false, because: finding.why };
  const { value: ports, evidence } = finding;
  if (ports.kind === "preserve") return { value: ports, measured: true, because: evidence };
  const { seen, ...rest } = ports;
  const range = ports.kind === "sequential" ? sequenceRange(ports) : randomRange(seen);
  const assumed = `range assumed from the ports ${seen.from}-${seen.to}`;
  return { value: { ...rest, range } as PortAllocation, measured: true, because: `${assumed}; ${evidence}` };
}

/** From the first port seen on, and on the sequence; shorter where the ports end. */
function sequenceRange({ step, seen, parity }: Extract<MeasuredPorts, { kind: "sequential" }>): PortRange {
  const size = Math.abs(step);
  const [first, last] = parity === true ? [seen.from & ~1, seen.to | 1] : [seen.from, seen.to];
  const steps = Math.max(SEQUENCE_LENGTH - 1, Math.ceil((last - first) / size));
  if (step > 0) return { from: first, to: first + Math.min(steps, Math.floor((ALL_PORTS.to - first) / size)) * size };
  return { from: last - Math.min(steps, Math.floor((last - ALL_PORTS.from) / size)) * size, to: last };
}

/** Ports all over the place come from everywhere; ports close together from a range of a power of two around them. */
function randomRange({ from, to }: PortRange): PortRange {
  for (let size = 4; size < ALL_PORTS.to; size *= 2) {
    const start = from - (from % size);
    if (start >= ALL_PORTS.from && to < start + size) return { from: start, to: start + size - 1 };
  }
  return ALL_PORTS;
}

function takeRefusal(finding: Finding<MeasuredRefusal>, otherwise: SynRefusal): DefinedAxis<SynRefusal> {
  if (finding.kind === "undetermined") return { value: otherwise, measured: false, because: finding.why };
  const { value, evidence } = finding;
  if (typeof value === "string") return { value, measured: true, because: evidence };
  if (value.kind === "silence") return { value: "drop", measured: true, because: `${evidence}, taken for good` };
  return {
    value: { kind: value.kind, afterMs: Math.round(value.afterMs / 100) * 100 },
    measured: true,
    because: evidence,
  };
}

/** A whole number of seconds in the interval: the usual one where it lies in it, otherwise the middle. */
function takeTimeout(finding: Finding<TimeoutInterval>, usual: number | "never"): DefinedAxis<number | "never"> {
  if (finding.kind === "undetermined") return { value: usual, measured: false, because: finding.why };
  const { atLeastS, lessThanS } = finding.value;
  const because = `${intervalText(finding.value)}: ${finding.evidence}`;
  if (lessThanS === undefined) {
    const value = usual === "never" || usual > atLeastS ? usual : Math.ceil(atLeastS) + 1;
    return { value, measured: true, because };
  }
  const fits = usual !== "never" && usual > atLeastS && usual <= lessThanS;
  return { value: fits ? usual : Math.max(1, Math.round((atLeastS + lessThanS) / 2)), measured: true, because };
}

/** Where a host's connections end, its block does, or the range; of a NAT that preserves ports, which has neither, a limit of sessions. */
function takeLimit(
  finding: Classification["axes"]["blockSize"],
  ports: PortAllocation,
): { readonly [A in Limit]?: DefinedAxis<number> } {
  if (finding.kind === "undetermined" || finding.value.kind === "at-least") return {};
  if (finding.value.ports >= rangeSize(ports) * CAPACITY_SHARE) return {};
  const limit = { value: finding.value.ports, measured: true, because: finding.evidence };
  return ports.kind === "preserve" ? { sessionLimit: limit } : { blockSize: limit };
}
