import { setTimeout as sleep } from "node:timers/promises";
import { ipv4 } from "../../wire/address.ts";
import type { CoreModel, NodeId } from "../../wire/control.ts";
import { hopAddress } from "../../wire/core.ts";
import { ADDRESS } from "../plan/addresses.ts";
import {
  natEdges,
  sendProbes,
  sightProbes,
  X_EDGE,
  type Arrival,
  type Edge,
  type Probe,
  type Sightings,
} from "./core-probe.ts";
import type { World } from "./world.ts";

/** What was measured on the core with real packets from link to link, against what its model says. */
export interface CoreCalibration {
  readonly core: CoreModel;
  readonly observed: {
    readonly paths: readonly CorePath[];
    /** Who told X that a packet's TTL had ended on its way to each NAT, the router next to X first. */
    readonly timeExceededFrom: Readonly<Partial<Record<NodeId, readonly string[]>>>;
    readonly sourceRoute: CoreModel["sourceRoute"];
    readonly antiSpoofing: boolean;
  };
  /** One sentence per property that is not as declared; empty when the core is what it says. */
  readonly mismatches: readonly string[];
}

/** One way from link to link. */
export interface CorePath {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly sent: number;
  readonly arrived: number;
  /** The shortest, by kernel timestamps at both ends: what a busy machine adds is not the core's. 0 where nothing arrived. */
  readonly delayMs: number;
  /** Routers that were passed, by what the TTL lost; 0 where nothing arrived. */
  readonly hops: number;
}

/** Packets each way, at least. */
const PLAIN = 6;
/** They are sent in so many bursts: not all of them meet the machine at a bad moment. */
const BURSTS = 3;
/** Chance that of all packets that look for one property none comes through a core with loss. */
const MISSED = 1e-6;
const FULL_TTL = 64;
/** A machine that is short of time is late now and then, but not each time: what looks wrong is measured again, after a pause. */
const TRIES = 12;
const PAUSE_MS = 40;
/** The shortest delay may be so much longer than declared, in ms and as a share. */
const LATE = { ms: 3, share: 0.1 };
const EARLY_MS = 0.5;
const LOOK_EVERY_MS = 2;
const ARRIVES_WITHIN_MS = 2_000;

/** Measures the core from its links, past all NATs. Needs a world in which nothing else is going on. */
export async function calibrateCore(world: World, core: CoreModel): Promise<CoreCalibration> {
  let observed = await observe(world, core);
  let mismatches = compare(core, observed, natEdges(world));
  for (let tries = 1; tries < TRIES && mismatches.length > 0; tries += 1) {
    await sleep(tries * PAUSE_MS);
    observed = withShortest(await observe(world, core), observed);
    mismatches = compare(core, observed, natEdges(world));
  }
  return { core, observed, mismatches };
}

type Observed = CoreCalibration["observed"];

/** The later of two observations, with the shortest delay that each path has ever shown. */
function withShortest(later: Observed, earlier: Observed): Observed {
  const paths = later.paths.map((path, n): CorePath => {
    const before = earlier.paths[n];
    return before && before.arrived > 0 && path.arrived > 0
      ? { ...path, delayMs: Math.min(path.delayMs, before.delayMs) }
      : path;
  });
  return { ...later, paths };
}

async function observe(world: World, core: CoreModel): Promise<CoreCalibration["observed"]> {
  const nats = natEdges(world);
  const edges = [...nats, X_EDGE];
  await Promise.all(edges.map(({ node }) => world.agent(node).call("capture-begin", {})));
  const probes = planProbes(core, nats);
  for (const burst of Map.groupBy(probes, ({ id }) => id % BURSTS).values()) await sendProbes(world, burst);
  // when one that was sent later has arrived, all before it have; once more for answers to what ended on the far side of R
  for (let round = 0; round < 2; round += 1) if (!(await passesOnce(world, probes, core))) break;
  return conclude(await sightProbes(world, probes, edges), probes);
}

/** Every probe of one measurement. */
function planProbes(core: CoreModel, nats: readonly Edge[]): Probe[] {
  const probes: Probe[] = [];
  const add = (kind: Probe["kind"], from: Edge, to: Edge, ttl = FULL_TTL): number =>
    probes.push({ id: probes.length + 1, kind, from, to, ttl });
  const times = repeats(core);
  for (let n = 0; n < Math.max(PLAIN, times); n += 1)
    for (const from of [X_EDGE, ...nats])
      for (const to of [X_EDGE, ...nats]) if (from.node !== to.node) add("plain", from, to);
  for (let n = 0; n < times; n += 1)
    for (const nat of nats) {
      add("spoofed", X_EDGE, nat);
      add("source-routed", X_EDGE, nat);
      for (let ttl = 1; ttl <= 1 + core.extraHops; ttl += 1) add("expiring", X_EDGE, nat, ttl);
    }
  return probes;
}

/** How often a packet is sent so that at least one comes through, and its answer too. */
function repeats({ lossPercent }: CoreModel): number {
  const failed = 1 - (1 - lossPercent / 100) ** 2;
  return lossPercent === 0 ? 1 : Math.ceil(Math.log(MISSED) / Math.log(failed));
}

/** Sends packets to every NAT until one has arrived at each; false where none does in time. Adds them to `probes`. */
async function passesOnce(world: World, probes: Probe[], core: CoreModel): Promise<boolean> {
  const nats = natEdges(world);
  const until = performance.now() + ARRIVES_WITHIN_MS + 2 * core.delayMs;
  const first = probes.length;
  while (performance.now() < until) {
    const sent = nats.map((to, n): Probe => {
      return { id: probes.length + 1 + n, kind: "plain", from: X_EDGE, to, ttl: FULL_TTL };
    });
    probes.push(...sent);
    await sendProbes(world, sent);
    await sleep(core.delayMs + LOOK_EVERY_MS);
    const { arrivals } = await sightProbes(world, probes.slice(first), [...nats, X_EDGE]);
    if (nats.every(({ node }) => arrivals.some(({ probe }) => probe.to.node === node))) return true;
  }
  return false;
}

function conclude({ arrivals, answers }: Sightings, probes: readonly Probe[]): CoreCalibration["observed"] {
  const has = (kind: Probe["kind"]): boolean => arrivals.some(({ probe }) => probe.kind === kind);
  const nearestFirst = answers.toSorted((one, other) => one.probe.ttl - other.probe.ttl);
  const byNat = Object.groupBy(nearestFirst, ({ probe }) => probe.to.node);
  return {
    paths: pathsOf(arrivals, probes),
    timeExceededFrom: Object.fromEntries(
      Object.entries(byNat).map(([node, told]) => [node, [...new Set(told.map(({ from }) => from))]]),
    ),
    sourceRoute: has("source-routed") ? "forward" : "refuse",
    antiSpoofing: !has("spoofed"),
  };
}

function pathsOf(arrivals: readonly Arrival[], probes: readonly Probe[]): readonly CorePath[] {
  const keyOf = ({ from, to }: Probe): string => `${from.node} ${to.node}`;
  const sent = Map.groupBy(
    probes.filter(({ kind }) => kind === "plain"),
    keyOf,
  );
  return [...sent].map(([key, plain]) => {
    const arrived = arrivals.filter(({ probe }) => probe.kind === "plain" && keyOf(probe) === key);
    const [from, to] = key.split(" ") as [NodeId, NodeId];
    const [shortest] = arrived.toSorted((one, other) => one.delayMs - other.delayMs);
    const { delayMs, hops } = shortest ?? { delayMs: 0, hops: 0 };
    return { from, to, sent: plain.length, arrived: arrived.length, delayMs, hops };
  });
}

function compare(core: CoreModel, observed: CoreCalibration["observed"], nats: readonly Edge[]): string[] {
  return [
    ...observed.paths.flatMap((path) => comparePath(core, path)),
    ...nats.flatMap((nat) => compareTimeExceeded(core, observed, nat)),
    ...differs("source routes", core.sourceRoute, observed.sourceRoute),
    ...differs("anti-spoofing", core.antiSpoofing, observed.antiSpoofing),
  ];
}

function comparePath(core: CoreModel, { from, to, sent, arrived, delayMs, hops }: CorePath): string[] {
  const way = `from ${from} to ${to}`;
  if (arrived === 0) return [`${way}: none of ${sent} packets arrived`];
  // what comes from a NAT or goes to one passes its extra hops; between two NATs both's
  const expected = 1 + core.extraHops * [from, to].filter((node) => node !== "x").length;
  const late = delayMs > core.delayMs * (1 + LATE.share) + LATE.ms;
  const early = delayMs < core.delayMs - EARLY_MS;
  const lost = core.lossPercent === 0 && arrived < sent;
  return [
    ...(late || early ? [`delay ${way}: declared ${core.delayMs} ms, measured ${delayMs.toFixed(1)} ms`] : []),
    ...(lost ? [`loss ${way}: declared none, ${sent - arrived} of ${sent} packets did not arrive`] : []),
    ...differs(`routers ${way}`, expected, hops),
  ];
}

/** From X's side R comes first, then the routers before the NAT, the last of them being the NAT's own neighbour. */
function compareTimeExceeded(core: CoreModel, { timeExceededFrom }: CoreCalibration["observed"], nat: Edge): string[] {
  const ofR = ipv4(nat.address === ADDRESS.naOutside ? ADDRESS.rTowardsNa : ADDRESS.rTowardsNb);
  const hops = Array.from({ length: core.extraHops }, (_, n) => hopAddress(ofR, core.extraHops - n));
  const declared = core.icmp === "on" ? [ADDRESS.rTowardsX, ...hops] : [];
  const text = (addresses: readonly string[]): string => addresses.join(" ") || "nobody";
  return differs(`time-exceeded towards ${nat.node} from`, text(declared), text(timeExceededFrom[nat.node] ?? []));
}

function differs<T extends string | boolean | number>(property: string, declared: T, measured: T): string[] {
  return declared === measured ? [] : [`${property}: declared ${declared}, measured ${measured}`];
}
