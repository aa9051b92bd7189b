import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import {
  natEdges,
  sendProbes,
  sightProbes,
  X_EDGE,
  type Arrival,
  type Probe,
} from "../../orchestrator/world/core-probe.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { until } from "./until.ts";

export const coreWith = (different: Partial<CoreModel>): CoreModel => ({ ...PLAIN_CORE, ...different });

/** Packets that are sent together; the next ones follow when the agent has answered. */
const BURST = 10;

/** Sends `count` packets from NA to X across the core and returns those that arrived, in the order in which they came. */
export async function sendAcross(world: World, count: number): Promise<readonly Arrival[]> {
  const [na] = natEdges(world);
  if (!na) throw new Error("a world without a NAT");
  await cleanWorld(world);
  await Promise.all([na, X_EDGE].map(({ node }) => world.agent(node).call("capture-begin", {})));
  const probes = Array.from({ length: count + 1 }, (_, n): Probe => {
    return { id: n + 1, kind: "plain", from: na, to: X_EDGE, ttl: 64 };
  });
  const [last] = probes.splice(count);
  for (let n = 0; n < count; n += BURST) await sendProbes(world, probes.slice(n, n + BURST));
  return until(
    "a later packet arrives behind them",
    async () => {
      await sendProbes(world, [last!]); // once more each time: the core may lose it
      const { arrivals } = await sightProbes(world, [...probes, last!], [na, X_EDGE]);
      return arrivals.at(-1)?.probe === last ? arrivals.slice(0, -1) : undefined;
    },
    { withinMs: 10_000 },
  );
}
