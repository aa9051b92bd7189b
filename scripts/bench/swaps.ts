import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { NATS } from "../../orchestrator/nat/catalogue.ts";
import { completeModel, type Gateway, type PartialModel } from "../../orchestrator/nat/model.ts";
import { MAX_LISTED_PORTS } from "../../orchestrator/nat/pools.ts";
import { PLAIN_SHAPE } from "../../orchestrator/plan/shape.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import { openWorld } from "../../orchestrator/world/world.ts";
import { median, timed, type Row } from "./timing.ts";

const ROUNDS = 15;

/** What stands before each swap. */
const BEFORE = nat(NATS.preserve.axes);

/** One NAT for each way in which rules are made; the first is what the others are compared with. */
const AFTER: readonly (readonly [kind: string, gateway: Gateway])[] = [
  ["in iptables alone", nat(NATS.random.axes)],
  ["with 512 sequential ports in iptables", nat(NATS.sequential.axes)],
  ["with a table of mappings in nft", nat(NATS["full-cone"].axes)],
  [
    `with ${MAX_LISTED_PORTS} listed ports in nft`,
    nat({
      mapping: "endpoint-independent",
      ports: { kind: "random", range: { from: 40_000, to: 40_000 + MAX_LISTED_PORTS - 1 } },
    }),
  ],
  ["that is the same again", BEFORE],
];

/** What it costs to make a NAT another one, rules read back. */
export async function benchSwaps(): Promise<Row[]> {
  const engine = await connectEngine();
  const image = await requireImage(engine);
  const place = { engine, image, runId: `bench-${process.pid}`, world: "swaps" };
  await using world = await openWorld(place, PLAIN_SHAPE);
  const took = AFTER.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, [, gateway]] of AFTER.entries()) {
      await loadLayer(world, "na", BEFORE);
      took[index]?.push(await timed(() => loadLayer(world, "na", gateway)));
    }
  }
  const [plain = NaN, ...others] = took.map(median);
  return AFTER.map(([kind], index): Row => {
    const ms = [plain, ...others][index] ?? NaN;
    const ratio = index === 0 ? `(median of ${ROUNDS})` : `${(ms / plain).toFixed(1)} times that in iptables alone`;
    return [`swap to a NAT ${kind}`, `${ms.toFixed(1)} ms${index === 0 ? " " : ", "}${ratio}`];
  });
}

function nat(axes: PartialModel): Gateway {
  return { kind: "nat", name: "bench", model: completeModel({ ports: { kind: "preserve" }, ...axes }) };
}
