import { networkInterfaces } from "node:os";
import { createServer, type AddressInfo, type Server } from "node:net";
import { once } from "node:events";
import type { ContainerInspectInfo } from "dockerode";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectEngine, RUN_LABEL } from "../../orchestrator/engine/index.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { loadGateway } from "../../orchestrator/world/gateways.ts";
import { coreNode, nodesOf } from "../../orchestrator/plan/nodes.ts";
import { PLAIN_SHAPE } from "../../orchestrator/plan/shape.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import type { NodeId } from "../../wire/control.ts";
import { nat, ROUTER } from "../kit/cells.ts";
import { dial, seenAt } from "../kit/dial.ts";
import { openTestWorld, RUN_ID } from "../kit/world.ts";

const noEngine = inject("noEngine");
const RECIPES = [coreNode(PLAIN_SHAPE), ...nodesOf(PLAIN_SHAPE)];
/** CAP_NET_ADMIN (bit 12) and CAP_NET_RAW (bit 13), capabilities(7). */
const NET_ONLY = "0000000000003000";

describe.skipIf(noEngine)("a world", () => {
  let world: World;
  let inspected: Map<NodeId, ContainerInspectInfo>;

  beforeAll(async () => {
    world = await openTestWorld("isolation");
    inspected = await inspectAll();
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const sh = async (id: NodeId, script: string): Promise<string> =>
    (await world.agent(id).run(["sh", "-ec", script])).trim();
  const loadBoth = (gateway: Parameters<typeof loadGateway>[2]) =>
    Promise.all([loadGateway(world, "a", gateway), loadGateway(world, "b", gateway)]);

  it("is six running containers without a Docker network, a mount or a port", () => {
    expect([...inspected.keys()].toSorted()).toEqual(["a", "b", "na", "nb", "r", "x"]);
    for (const { State, HostConfig, Mounts, NetworkSettings } of inspected.values()) {
      expect(State.Running).toBe(true);
      expect(HostConfig).toMatchObject({ NetworkMode: "none", Privileged: false, AutoRemove: true });
      expect(Mounts).toEqual([]);
      expect(NetworkSettings.Ports).toEqual({});
    }
  });

  it("has the interfaces that are named, and no other", async () => {
    for (const { id, interfaces } of RECIPES) {
      const names = (await sh(id, "ls /sys/class/net")).split(/\s+/);
      expect(names.toSorted(), id).toEqual(["lo", ...interfaces].toSorted());
    }
  });

  it.each(RECIPES)("has in $id every sysctl as it was asked for", async ({ id, sysctls }) => {
    const paths = Object.keys(sysctls).map((name) => `/proc/sys/${name.replaceAll(".", "/")}`);
    const values = (await sh(id, `cat ${paths.join(" ")}`)).split("\n").map((value) => value.replaceAll(/\s+/g, " "));
    expect(Object.fromEntries(Object.keys(sysctls).map((name, index) => [name, values[index]]))).toEqual(sysctls);
  });

  it.each(RECIPES)("gives the agent of $id NET_ADMIN and NET_RAW and no other capability", async ({ id }) => {
    const status = await sh(id, `cat /proc/${await world.agent(id).ready}/status`);
    for (const set of ["CapEff", "CapPrm", "CapBnd"]) expect(status).toContain(`${set}:\t${NET_ONLY}`);
    expect(inspected.get(id)?.HostConfig.CapAdd?.toSorted()).toEqual(expect.arrayContaining(["NET_ADMIN", "NET_RAW"]));
  });

  it("is one PID namespace, and every container is a network namespace of its own", async () => {
    const names = await Promise.all(RECIPES.map(({ id }) => sh(id, "readlink /proc/self/ns/pid /proc/self/ns/net")));
    const [pid, net] = [0, 1].map((line) => names.map((text) => text.split("\n")[line]));
    expect(new Set(pid).size).toBe(1);
    expect(new Set(net).size).toBe(RECIPES.length);
  });

  it("lets A's segments reach B's private address where the gateways are routers, which shows that the next tests can see", async () => {
    await loadBoth(ROUTER);
    await world.agent("b").call("capture-begin", {});
    expect(await dial(world.agent("a"), ADDRESS.b, 5555)).toBe("ECONNREFUSED");
    expect(await seenAt(world.agent("b"), 5555)).toBeGreaterThan(0);
  });

  describe("with NATs (I-1)", () => {
    beforeAll(() => loadBoth(nat({ unsolicitedSyn: "reset" })));

    it("gives A and B one way out, by their NAT", async () => {
      expect((await sh("a", "ip -4 route show default")).trim()).toBe(`default via ${ADDRESS.naInside} dev lan`);
      expect((await sh("b", "ip -4 route show default")).trim()).toBe(`default via ${ADDRESS.nbInside} dev lan`);
      expect(await sh("r", "ip -4 route | grep -E '^10\\.' || true")).toBe("");
    });

    it.each([
      ["a", ADDRESS.b, "b"],
      ["b", ADDRESS.a, "a"],
    ] as const)("lets no segment of %s reach %s", async (from, to, target) => {
      await world.agent(target).call("capture-begin", {});
      expect(await dial(world.agent(from), to, 5555)).toBe("ENETUNREACH");
      expect(await seenAt(world.agent(target), 5555)).toBe(0);
    });

    it("lets none through a NAT though the core knows the way to the LAN", async () => {
      await world.agent("r").run(["ip", "route", "replace", "10.2.0.0/24", "via", ADDRESS.nbOutside]);
      await Promise.all((["b", "nb"] as const).map((id) => world.agent(id).call("capture-begin", {})));
      expect(await dial(world.agent("a"), ADDRESS.b, 5555)).toBe("timeout");
      expect(await seenAt(world.agent("nb"), 5555)).toBeGreaterThan(0);
      expect(await seenAt(world.agent("b"), 5555)).toBe(0);
      await world.agent("r").run(["ip", "route", "del", "10.2.0.0/24"]);
    });
  });

  describe("towards the machine and the internet (I-2)", () => {
    let server: Server;
    let connections = 0;

    beforeAll(async () => {
      server = createServer((socket) => {
        connections += 1;
        socket.destroy();
      }).listen(0, "0.0.0.0");
      await once(server, "listening");
    });
    afterAll(() => server?.close());

    it("has no route beyond R", async () => {
      expect(await sh("r", "ip -4 route show default")).toBe("");
      expect(await sh("r", "ip -6 route show default")).toBe("");
      const routes = (await sh("r", "ip -4 route")).split("\n").map((line) => line.split(" ")[2]);
      expect(new Set(routes)).toEqual(new Set(["wan-a", "wan-b", "wan-x"]));
    });

    it.each(RECIPES)("cannot connect from $id to any address of the engine's machine", async ({ id }) => {
      const { port } = server.address() as AddressInfo;
      const addresses = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .filter(({ family, internal }) => family === "IPv4" && !internal)
        .map(({ address }) => address);
      // the machine may have an address that also exists in the world, so what counts is who answers
      for (const address of addresses)
        expect(await dial(world.agent(id), address, port), address).not.toBe("connected");
      expect(await dial(world.agent(id), "1.1.1.1", 80)).toBe("ENETUNREACH");
      // its own loopback, not the machine's
      expect(await dial(world.agent(id), "127.0.0.1", port)).toBe("ECONNREFUSED");
      expect(connections).toBe(0);
    });
  });

  it("sees nothing of a second world with the same addresses", async () => {
    await using other = await openTestWorld("isolation-other");
    await loadBoth(nat());
    await Promise.all(
      [...world.ids.map((id) => world.agent(id)), ...other.ids.map((id) => other.agent(id))].map((agent) =>
        agent.call("capture-begin", {}),
      ),
    );
    await loadGateway(other, "a", nat());
    expect(await dial(world.agent("a"), ADDRESS.x, X_PORTS.probes[0])).toBe("connected");
    for (const id of ["a", "na", "r", "x"] as const) {
      expect(await seenAt(world.agent(id), X_PORTS.probes[0]), id).toBeGreaterThan(0);
      expect(await seenAt(other.agent(id), X_PORTS.probes[0]), id).toBe(0);
    }
    const { records } = await other.agent("na").call("conntrack-dump", {});
    expect(records).toEqual([]);
  });
});

async function inspectAll(): Promise<Map<NodeId, ContainerInspectInfo>> {
  const { docker } = await connectEngine();
  const listed = await docker.listContainers({ filters: { label: [`${RUN_LABEL}=${RUN_ID}`] } });
  const infos = await Promise.all(
    listed.map(
      async ({ Id, Labels }) => [Labels["natbed.node"] as NodeId, await docker.getContainer(Id).inspect()] as const,
    ),
  );
  return new Map(infos);
}
