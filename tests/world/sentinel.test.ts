import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { unpackPackets } from "../../wire/capture.ts";
import type { NodeId } from "../../wire/control.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");

describe.skipIf(noEngine)("the sentinels of a capture", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("sentinel");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const capture = async (node: NodeId, meanwhile = async (): Promise<void> => {}) => {
    await world.agent(node).call("capture-begin", {});
    await meanwhile();
    return world.agent(node).call("capture-end", {});
  };

  it("come back at every node, and are neither in what was captured nor in what conntrack keeps", async () => {
    const conntrack = await Promise.all(world.gateways.map((at) => world.agent(at).call("conntrack-dump", {})));
    for (const node of world.ids) {
      const { sentinels, packets, lost } = await capture(node);
      expect({ node, sentinels, lost }).toEqual({ node, sentinels: { sent: 2, seen: 2 }, lost: 0 });
      const text = unpackPackets(Buffer.from(packets, "base64")).map(({ bytes }) => Buffer.from(bytes).toString());
      expect(text.filter((one) => one.includes("sentinel"))).toEqual([]);
    }
    const after = await Promise.all(world.gateways.map((at) => world.agent(at).call("conntrack-dump", {})));
    expect(after.map(({ records }) => records.length)).toEqual(conntrack.map(({ records }) => records.length));
  });

  it("are missing from the counts of a capture that cannot see them", async () => {
    const down = () =>
      world
        .agent("na")
        .run(["ip", "link", "set", "lo", "down"])
        .then(() => {});
    const { sentinels } = await capture("na", down);
    expect(sentinels).toEqual({ sent: 2, seen: 1 });
    await world.agent("na").run(["ip", "link", "set", "lo", "up"]);
    expect((await capture("na")).sentinels).toEqual({ sent: 2, seen: 2 });
  });
});
