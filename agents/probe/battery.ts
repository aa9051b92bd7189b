import { randomInt } from "node:crypto";
import type { Ipv4, Port } from "../../wire/address.ts";
import { FINGERPRINT_VERSION, type Fingerprint, type ProbeMode } from "../../wire/fingerprint.ts";
import { seededBytes } from "../../wire/seeded.ts";
import type { Recorder } from "../capture.ts";
import { addressesBeside } from "../net/addresses.ts";
import { RawSocket } from "../net/raw-socket.ts";
import { testAfterSyn } from "./after-syn.ts";
import { makeBindings, type Wanted } from "./bindings.ts";
import { testCapacity } from "./capacity.ts";
import { testConnection } from "./connection.ts";
import { Ear } from "./ear.ts";
import { PortSupply, skipped, withPackets, type Ground, type PacketGround } from "./ground.ts";
import { testHairpin } from "./hairpin.ts";
import { testPredictions } from "./hit-rate.ts";
import { COVERAGE, type Coverage } from "./mode.ts";
import { testOutOfState } from "./out-of-state.ts";
import { testSourceRoute } from "./source-route.ts";
import { testTimers } from "./timers.ts";
import { testUnsolicited, testUnsolicitedThenSyn } from "./unsolicited.ts";
import { XLine } from "./x-line.ts";

export interface BatteryOptions {
  /** X's address and the port of its prober's service. */
  readonly x: { readonly host: string; readonly port: number };
  readonly mode: ProbeMode;
  /** First of LOCAL_PORTS consecutive local ports. */
  readonly localPort: number;
  readonly seed: number;
  /** Silence is listened to for at least so long; the mode's own time where absent. */
  readonly silenceMs?: number;
  /** Sees this host's packets; absent where the host may not look. */
  readonly recorder?: Recorder;
}

/** Silence is longer than so many round trips and a little. */
const ROUND_TRIPS = 2;
const GRACE_MS = 30;
/** First of the privileged local ports that are tried. */
const LOW_PORT = 601;

/**
 * Measures the NAT between this host and X; knows nothing of its configuration and concludes nothing. Rejects where X cannot be reached
 * or ends the connection.
 */
export async function runBattery(options: BatteryOptions): Promise<Fingerprint> {
  using line = await XLine.open(options.x, () => options.recorder?.drain());
  using ear = options.recorder && new Ear(options.recorder);
  const socket = ear && new RawSocket();
  try {
    const ground = groundOf(options, line, ear && socket && { ear, socket });
    return await Promise.race([measure(ground, options), line.lost]);
  } finally {
    socket?.close();
  }
}

function groundOf({ mode, localPort, seed, silenceMs = 0 }: BatteryOptions, line: XLine, raw: Ground["raw"]): Ground {
  // of two probers with one seed, X would tell each of the other's packets
  const draws = seededBytes(`prober ${seed} at ${line.inside} behind ${line.outside}`, 4096);
  let drawn = 0;
  const draw = (): number => draws.readUInt32LE((drawn = (drawn + 4) % draws.length));
  const floor = Math.max(silenceMs, COVERAGE[mode].silenceMs);
  return {
    line,
    raw,
    ports: new PortSupply(localPort, line.welcome.silent, randomInt(2 ** 31)),
    draw,
    silenceMs: Math.max(floor, ROUND_TRIPS * line.rttMs + GRACE_MS),
  };
}

async function measure(ground: Ground, { mode }: BatteryOptions): Promise<Fingerprint> {
  const coverage = COVERAGE[mode];
  const { line } = ground;
  const inside = addressesBeside(line.inside);
  const beyond = skipped(`not in mode ${mode}`);
  // Alone, one after the other: a sequential allocator would count every other test's connections.
  const bindings = await makeBindings(ground, bindingRounds(ground, coverage));
  const prediction = coverage.more ? await testPredictions(ground, coverage.more.predictions) : beyond;
  const atOnce = await measureAtOnce(ground, coverage, beyond);
  const lowPorts = coverage.more ? await makeBindings(ground, [lowPortBindings(line)]) : beyond;
  const overloading = coverage.more ? await measureOverloading(ground, inside) : beyond;
  const capacity = coverage.more ? await testCapacity(ground, coverage.more.capacity) : beyond;
  return {
    version: FINGERPRINT_VERSION,
    mode,
    takenAt: new Date().toISOString(),
    inside,
    x: line.welcome.addresses,
    rttMs: line.rttMs,
    bindings,
    prediction,
    ...atOnce,
    lowPorts,
    overloading,
    capacity,
  };
}

type Together = Omit<
  Fingerprint,
  | "version"
  | "mode"
  | "takenAt"
  | "inside"
  | "x"
  | "rttMs"
  | "bindings"
  | "prediction"
  | "lowPorts"
  | "overloading"
  | "capacity"
>;

/** Tests that use ports of their own at both ends and so do not meet. */
async function measureAtOnce(
  ground: Ground,
  { afterSyn: probes, refusalMs, more }: Coverage,
  beyond: ReturnType<typeof skipped>,
): Promise<Together> {
  const listenMs = Math.max(refusalMs, ground.silenceMs);
  const [unsolicited, unsolicitedThenSyn, afterSyn, connection, outOfState, sourceRoute, hairpin, timers] =
    await Promise.all([
      testUnsolicited(ground, listenMs),
      more ? withPackets(ground, (packets) => testUnsolicitedThenSyn(packets, listenMs)) : beyond,
      withPackets(ground, (packets) => testAfterSyn(packets, probes)),
      onConnection(ground, listenMs),
      withPackets(ground, testOutOfState),
      withPackets(ground, testSourceRoute),
      withPackets(ground, testHairpin),
      more ? withPackets(ground, (packets) => testTimers(packets, more.idle)) : beyond,
    ]);
  return { unsolicited, unsolicitedThenSyn, afterSyn, ...connection, outOfState, sourceRoute, hairpin, timers };
}

async function onConnection(ground: Ground, listenMs: number): ReturnType<typeof testConnection> {
  const none = skipped("needs CAP_NET_RAW");
  if (!ground.raw) return { strangers: none, outOfWindow: none, sequence: none };
  return testConnection(ground as PacketGround, listenMs);
}

/** X's endpoints of the binding test: base, other port, other address, both. */
function bindingEndpoints({ welcome }: XLine): readonly Pick<Wanted, "address" | "xPort">[] {
  const [first = 0, second = first] = welcome.probes;
  return [
    { address: 0, xPort: first },
    { address: 0, xPort: second },
    { address: 1, xPort: first },
    { address: 1, xPort: second },
  ];
}

function bindingRounds({ line, ports }: Ground, { bindings }: Coverage): readonly (readonly Wanted[])[] {
  const locals = evensBesideOdds(Array.from({ length: bindings.localPorts }, () => ports.local()));
  const endpoints = bindingEndpoints(line);
  const round = locals.flatMap((localPort, index) => {
    const reached = bindings.shape === "matrix" || index === locals.length - 1 ? endpoints : endpoints.slice(0, 1);
    return reached.map((endpoint) => ({ localPort, ...endpoint }));
  });
  return Array.from({ length: bindings.rounds }, () => round);
}

/** Consecutive ports with the middle two of every four swapped: where even and odd alternate, a NAT's two sequences look like one. */
function evensBesideOdds(consecutive: readonly Port[]): readonly Port[] {
  const swapped = [0, 2, 1, 3];
  return consecutive.map((own, at) => consecutive[at - (at % 4) + (swapped[at % 4] ?? 0)] ?? own);
}

function lowPortBindings(line: XLine): readonly Wanted[] {
  const [base] = bindingEndpoints(line);
  return base ? [0, 1, 2].map((index) => ({ localPort: LOW_PORT + index, ...base })) : [];
}

/** One local port of two inside addresses, to the same and to different endpoints of X. */
async function measureOverloading(ground: Ground, inside: readonly Ipv4[]): Promise<Fingerprint["overloading"]> {
  const [, second] = inside;
  if (second === undefined) return skipped("this host has one inside address only");
  const localPort = ground.ports.local();
  const [base, otherPort, otherAddress] = bindingEndpoints(ground.line);
  if (!base || !otherPort || !otherAddress) return skipped("X has too few endpoints");
  return makeBindings(ground, [
    [
      { localPort, ...base },
      { localPort, ...otherPort, localAddress: second },
      { localPort, ...base, localAddress: second },
      { localPort, ...otherAddress, localAddress: second },
    ],
  ]);
}
