import { ipv4, port } from "../../wire/address.ts";
import type { Observation, SynAnswer } from "../../wire/control.ts";
import type { Allocation } from "../../wire/rendezvous.ts";
import type { Gateway, NatModel } from "../nat/model.ts";
import { ADDRESS } from "../plan/addresses.ts";
import { outsideOf, type GatewayId, type Side } from "../plan/shape.ts";
import type { World } from "./world.ts";

/** What was measured on one side's gateway with real connections, against what its model says. */
export interface Calibration {
  readonly side: Side;
  readonly gateway: Gateway;
  readonly observed: Observation & { readonly synAnswer: SynAnswer };
  /** One sentence per axis that does not behave as declared; empty when the gateway is what it says. */
  readonly mismatches: readonly string[];
}

/** Local ports of calibration connections, away from every attempt's. */
const CALIBRATION_PORT = { a: 10_000, b: 10_100 } as const;
/** A port that no mapping ever has. */
const UNMAPPED_PORT = port(700);
/** Dies at R: one hop past the NAT. */
const LOW_TTL = 2;
/** An answer that comes at all comes within a few ms; this is how long silence is listened to. */
const SILENCE_MS = 120;
/** On a machine that is short of time an answer may be late: what looks wrong is listened to for longer before it counts. */
const PATIENT_MS = 1_000;

/**
 * Measures one of a side's gateways from inside and outside. Needs a world in which nothing else is going on, and in which the side's
 * other gateways are plain routers.
 */
export async function calibrate(
  world: World,
  side: Side,
  gateway: Gateway,
  at: GatewayId = `n${side}`,
): Promise<Calibration> {
  const outside = gateway.kind === "nat" ? outsideOf(world.shape, at) : ADDRESS[side];
  const quick = await measure(world, side, { gateway, outside, waitMs: SILENCE_MS });
  return quick.mismatches.length === 0 ? quick : measure(world, side, { gateway, outside, waitMs: PATIENT_MS });
}

interface Measurement {
  readonly gateway: Gateway;
  /** The address under which the core sees the host. */
  readonly outside: string;
  readonly waitMs: number;
}

async function measure(world: World, side: Side, { gateway, outside, waitMs }: Measurement): Promise<Calibration> {
  const to = { ip: ipv4(outside), port: UNMAPPED_PORT };
  const [observation, { answer }] = await Promise.all([
    world.agent(side).call("observe", { x: ADDRESS.x, localPort: CALIBRATION_PORT[side], lowTtl: LOW_TTL, waitMs }),
    world.agent("x").call("syn-answer", { to, waitMs }),
  ]);
  const observed = { ...observation, synAnswer: answer };
  return { side, gateway, observed, mismatches: compare(gateway, observed, { side, outside }) };
}

function compare(
  gateway: Gateway,
  observed: Calibration["observed"],
  { side, outside }: { readonly side: Side; readonly outside: string },
): string[] {
  if (gateway.kind === "router") return compareRouter(observed, side);
  const { model } = gateway;
  const arrives = model.timeExceeded === "translate";
  return [
    ...comparePorts(model, observed, outside),
    ...differs(
      "unsolicitedSyn",
      model.unsolicitedSyn === "drop" ? "silence" : model.unsolicitedSyn === "reset" ? "reset" : "unreachable",
      observed.synAnswer,
    ),
    ...differs("timeExceeded arrives at the host", arrives, observed.timeExceededArrived),
  ];
}

/** Without a NAT the host is seen under its own address and answers for itself. */
function compareRouter({ mappings, synAnswer }: Calibration["observed"], side: Side): string[] {
  const translated = mappings.find(
    ({ outside, localPort }) => outside.ip !== ADDRESS[side] || outside.port !== localPort,
  );
  return [
    ...(translated
      ? [
          `no NAT expected, yet ${ADDRESS[side]}:${translated.localPort} appears as ${translated.outside.ip}:${translated.outside.port}`,
        ]
      : []),
    ...differs("answer of the host to an unknown port", "reset", synAnswer),
  ];
}

function comparePorts({ ports }: NatModel, { allocation, mappings }: Observation, address: string): string[] {
  const expected: Allocation =
    ports.kind === "sequential" ? { kind: "sequential", delta: ports.step } : { kind: ports.kind };
  const wrongAddress = mappings.find(({ outside }) => outside.ip !== address);
  const seen = mappings.map(({ localPort, outside }) => `${localPort}→${outside.port}`).join(" ");
  const range = ports.kind === "preserve" ? undefined : ports.range;
  const outOfRange = range && mappings.find(({ outside }) => outside.port < range.from || outside.port > range.to);
  const wrapped =
    ports.kind === "sequential" &&
    allocation.kind === "random" &&
    wrapsOnce(
      mappings.map(({ outside }) => outside.port),
      ports.step,
    );
  return [
    ...(wrongAddress ? [`the mapping's address is ${wrongAddress.outside.ip}, not ${address}`] : []),
    ...(outOfRange && range ? [`port ${outOfRange.outside.port} is outside ${range.from}-${range.to}`] : []),
    ...(wrapped ? [] : differs(`ports (seen: ${seen})`, describe(expected), describe(allocation))),
  ];
}

/** A sequential allocator that reached the end of its range during the test: all steps but one are as declared. */
function wrapsOnce(outside: readonly number[], step: number): boolean {
  const deltas = outside.slice(1).map((next, index) => next - (outside[index] ?? 0));
  return deltas.filter((delta) => delta !== step).length === 1;
}

function describe(allocation: Allocation): string {
  return allocation.kind === "sequential"
    ? `sequential ${allocation.delta > 0 ? "+" : ""}${allocation.delta}`
    : allocation.kind;
}

function differs<T extends string | boolean>(axis: string, declared: T, measured: T): string[] {
  return declared === measured ? [] : [`${axis}: declared ${declared}, measured ${measured}`];
}
