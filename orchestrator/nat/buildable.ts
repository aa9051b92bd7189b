import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { NATS } from "./catalogue.ts";
import {
  completeModel,
  DEPENDENCIES,
  OUT_OF_STATE,
  RESETS,
  SYN_REFUSALS,
  TIME_EXCEEDED,
  type Axis,
  type PartialModel,
} from "./model.ts";
import { needsOfCore, needsOfGateway, type Capability } from "./needs.ts";

/** Which values of an axis a machine can build, and what it lacks for the others. */
export interface Buildable {
  readonly axis: Axis | "core";
  readonly able: readonly string[];
  readonly unable: readonly { readonly value: string; readonly missing: readonly Capability[] }[];
}

type Samples = Readonly<Record<string, PartialModel>>;

/** A NAT for each value of each axis, everything else as plain as the value allows. */
const SAMPLES: Readonly<Record<Axis, Samples>> = {
  mapping: samplesOf(DEPENDENCIES, (mapping) => ({ mapping, ports: NATS["symmetric-random"].axes.ports })),
  filtering: samplesOf(DEPENDENCIES, (filtering) => ({ filtering })),
  ports: {
    preserve: { ports: NATS.preserve.axes.ports },
    sequential: { ports: NATS.sequential.axes.ports },
    random: { ports: NATS.random.axes.ports },
    "with parity": { ports: { ...NATS["symmetric-random"].axes.ports, parity: true } },
  },
  blockSize: { "a block each": NATS["carrier-grade"].axes },
  sessionLimit: { "so many each": { sessionLimit: 1_000 } },
  unsolicitedSyn: {
    ...samplesOf(SYN_REFUSALS, (unsolicitedSyn) => ({ unsolicitedSyn })),
    "delayed-icmp": { unsolicitedSyn: NATS.rfc5382.axes.unsolicitedSyn },
  },
  wrongPeerSyn: samplesOf(SYN_REFUSALS, (wrongPeerSyn) => ({
    wrongPeerSyn,
    unsolicitedSyn: wrongPeerSyn === "drop" ? "reset" : "drop",
  })),
  timeExceeded: samplesOf(TIME_EXCEEDED, (timeExceeded) => ({ timeExceeded })),
  reset: samplesOf(RESETS, (reset) => ({ reset })),
  outOfState: samplesOf(OUT_OF_STATE, (outOfState) => ({ outOfState })),
  crossingSyn: samplesOf(["accept", "refuse"] as const, (crossingSyn) => ({ crossingSyn })),
  windowTracking: samplesOf(["strict", "liberal"] as const, (windowTracking) => ({ windowTracking })),
  sequenceNumbers: samplesOf(["keep", "rewrite"] as const, (sequenceNumbers) => ({ sequenceNumbers })),
  sourceRoute: {
    ...samplesOf(["stock", "aware", "refuse"] as const, (sourceRoute) => ({ sourceRoute })),
    stateless: NATS.stateless.axes,
  },
  hairpin: { yes: { hairpin: true }, no: { hairpin: false } },
  timeouts: { "Linux's": {}, others: { timeouts: { synSentS: 5, establishedS: 50, closingS: 5 } } },
};

const CORES: Readonly<Record<string, Partial<CoreModel>>> = {
  delayMs: { delayMs: 20 },
  lossPercent: { lossPercent: 1 },
  icmp: { icmp: "off" },
  sourceRoute: { sourceRoute: "forward" },
  antiSpoofing: { antiSpoofing: true },
  extraHops: { extraHops: 1 },
};

/** What a machine that lacks these capabilities can build, axis by axis. */
export function buildableAxes(lacking: ReadonlySet<Capability>): Buildable[] {
  const nats = (Object.entries(SAMPLES) as [Axis, Samples][]).map(([axis, samples]) =>
    sorted(
      axis,
      Object.entries(samples).map(([value, stated]) => [value, needsOfSample(stated)] as const),
      lacking,
    ),
  );
  const cores = Object.entries(CORES).map(
    ([value, stated]) => [value, needsOfCore({ ...PLAIN_CORE, ...stated })] as const,
  );
  return [...nats, sorted("core", cores, lacking)];
}

function samplesOf<Value extends string>(values: readonly Value[], sample: (value: Value) => PartialModel): Samples {
  return Object.fromEntries(values.map((value) => [value, sample(value)]));
}

function needsOfSample(stated: PartialModel): Capability[] {
  const model = completeModel({ ports: { kind: "preserve" }, ...stated });
  return needsOfGateway({ kind: "nat", name: "sample", model });
}

function sorted(
  axis: Buildable["axis"],
  values: readonly (readonly [string, readonly Capability[]])[],
  lacking: ReadonlySet<Capability>,
): Buildable {
  const missing = values.map(([value, needs]) => ({ value, missing: needs.filter((need) => lacking.has(need)) }));
  return {
    axis,
    able: missing.filter((one) => one.missing.length === 0).map(({ value }) => value),
    unable: missing.filter((one) => one.missing.length > 0),
  };
}
