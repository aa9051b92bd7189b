import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { cleanWorld, planAttempt } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { until } from "../kit/until.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const cells = expandScenario(await loadScenario("scenarios/one-pair.yaml"));
const HOSTS = ["a", "b"] as const;
/** As `ss` lists a packet socket's filter of one instruction: return 0, so that the kernel queues nothing. */
const DEAF = /bpf filter \(1\): +0x06 0 0 0,/;

describe.skipIf(noEngine)("packets of a host whose connection stands", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("watching");
    const [cell] = cells;
    for (const { at, gateway } of layersOf(cell!)) await loadLayer(world, at, gateway);
    await setCore(world, cell!.core);
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const packetSockets = async (host: (typeof HOSTS)[number]) =>
    (await world.agent(host).run(["ss", "-0", "-b", "-n", "-H"])).split("\n").filter((line) => line.includes("bpf"));

  it("are watched while somebody captures them", async () => {
    await world.agent("a").call("capture-begin", {});
    const [socket] = await packetSockets("a");
    expect(socket).toContain("bpf filter");
    expect(socket).not.toMatch(DEAF);
    await world.agent("a").call("capture-end", {});
  });

  it.each(cells.map((cell) => [cell.block, cell] as const))("are not watched after %s", async (_, cell) => {
    await cleanWorld(world);
    const plan = planAttempt(cell, `watching/${cell.block}`);
    const results = await Promise.all(HOSTS.map((host) => world.agent(host).call("attempt", plan[host], 30_000)));
    expect(results).toMatchObject([{ ok: true }, { ok: true }]);
    for (const host of HOSTS) {
      let sockets: readonly string[] = [];
      const isDeaf = async (): Promise<true | undefined> => {
        sockets = await packetSockets(host);
        return (sockets.length > 0 && sockets.every((line) => DEAF.test(line))) || undefined;
      };
      await until(`${host} looks at packets no longer`, isDeaf, { withinMs: 5_000, seen: () => sockets });
    }
  });
});
