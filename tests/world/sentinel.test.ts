import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { unpackPackets } from "../../wire/capture.ts";
import type { NodeId } from "../../wire/control.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { until } from "../kit/until.ts";
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

  it("come back at a router's next capture too, whose socket queues nothing in between", async () => {
    const filters = async (): Promise<string[]> => {
      const sockets = await world.agent("na").run(["ss", "--packet", "--bpf", "--no-header"]);
      return [...sockets.matchAll(/bpf filter \(\d+\):(.*)/g)].map(([, program = ""]) => program.trim());
    };
    const untilDeaf = () =>
      until("the socket's filter passes nothing", async () => (await filters()).at(0) === PASSES_NOTHING || undefined, {
        withinMs: 5_000,
      });
    await untilDeaf();
    const { sentinels, lost } = await capture("na", async () => {
      expect(await filters()).not.toEqual([PASSES_NOTHING]);
    });
    expect({ sentinels, lost }).toEqual({ sentinels: { sent: 2, seen: 2 }, lost: 0 });
    await untilDeaf();
    expect((await capture("na")).sentinels).toEqual({ sent: 2, seen: 2 });
    await expect(world.agent("na").call("capture-end", {})).rejects.toThrow("nothing is being captured");
  });
});

/** `ret #0`, as ss shows it. */
const PASSES_NOTHING = "0x06 0 0 0,";
