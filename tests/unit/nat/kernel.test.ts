import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { Gateway } from "../../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import { portSequence } from "../../../orchestrator/nat/sequence.ts";
import { GATEWAYS, PLACE } from "./models.ts";
import { missingForKernelTests, Namespace } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: rule-sets on the real kernel (${missing})`);

describe.skipIf(missing)("a rule-set on the real kernel", () => {
  it.each(Object.entries(GATEWAYS))(
    "loads for %s, twice, and leaves nothing of what was there before",
    async (_, gateway) => {
      await using box = await Namespace.open();
      load(box, GATEWAYS["sequential-two-levels"]!);
      load(box, gateway);
      const loaded = rulesOf(box);
      load(box, gateway);
      expect(rulesOf(box)).toEqual(loaded);
      expect(loaded).toHaveLength(renderRuleset(gateway, PLACE).iptables.match(/^-A /gm)?.length ?? 0);
    },
  );

  it.each(["sequential-two-levels", "sequential-down-by-three"])(
    "gives connections exact port deltas for %s",
    async (name) => {
      const gateway = GATEWAYS[name]!;
      if (gateway.kind !== "nat" || gateway.model.ports.kind !== "sequential")
        throw new Error(`${name} is not sequential`);
      const expected = portSequence(gateway.model.ports);
      const count = Math.min(40, expected.length);
      expect(await outsidePorts(gateway, count)).toEqual(expected.slice(0, count));
    },
  );

  it("preserves ports, draws them at random from the range, or from a small range only", async () => {
    expect(await outsidePorts(GATEWAYS["preserve-drop"]!, 5)).toEqual([30000, 30001, 30002, 30003, 30004]);
    const random = await outsidePorts(GATEWAYS["random-reset"]!, 20);
    expect(new Set(random).size).toBeGreaterThan(15);
    const tiny = await outsidePorts(GATEWAYS["random-four-ports"]!, 4);
    expect(tiny.toSorted((a, b) => a - b)).toEqual([50000, 50001, 50002, 50003]);
  });

  it("has no port left for a fifth connection through four ports", async () => {
    await expect(outsidePorts(GATEWAYS["random-four-ports"]!, 5)).rejects.toThrow(/ETIMEDOUT/);
  });
});

function load(box: Namespace, gateway: Gateway): void {
  box.sh("iptables-nft-restore", renderRuleset(gateway, PLACE).iptables);
}

function rulesOf(box: Namespace): string[] {
  return box.sh("iptables-nft-save").match(/^-A .*$/gm) ?? [];
}

/** A - NAT - server: the ports under which the server sees connections from inside ports 30000, 30001, … opened one after another. */
async function outsidePorts(gateway: Gateway, count: number): Promise<number[]> {
  await using inside = await Namespace.open();
  await using box = await Namespace.open();
  await using outside = await Namespace.open();
  box.sh(`ip link add in type veth peer name lan netns ${inside.pid}; ip link add out type veth peer name wan netns ${outside.pid}
    ip addr add 10.1.0.1/24 dev in; ip addr add 198.51.100.1/24 dev out; ip link set in up; ip link set out up
    echo 1 > /proc/sys/net/ipv4/ip_forward`);
  inside.sh("ip addr add 10.1.0.2/24 dev lan; ip link set lan up; ip route add default via 10.1.0.1");
  outside.sh("ip addr add 198.51.100.2/24 dev wan; ip link set wan up");
  load(box, gateway);
  const server = outside.node(SERVER);
  await once(server.stdout!, "data");
  try {
    const client = inside.node(`const count = ${count};${CLIENT}`);
    return JSON.parse(await text(client.stdout!)) as number[];
  } finally {
    const gone = once(server, "exit");
    server.stdin!.end();
    await gone;
  }
}

/** Tells each connection the port it came from, and ends with its stdin. */
const SERVER = `
  require("net").createServer((socket) => { socket.on("error", () => {}); socket.write(String(socket.remotePort)); })
    .listen(7, () => console.log("listening"));
  process.stdin.resume().on("end", () => process.exit());`;

const CLIENT = `
  const { connect } = require("net");
  const ask = (localPort) => new Promise((resolve, reject) => {
    const socket = connect({ host: "198.51.100.2", port: 7, localPort });
    socket.setTimeout(1500, () => reject(new Error("ETIMEDOUT")));
    socket.on("error", reject).once("data", (data) => resolve(Number(data)));
  });
  (async () => {
    const ports = [];
    for (let i = 0; i < count; i++) ports.push(await ask(30000 + i));
    console.log(JSON.stringify(ports));
    process.exit();
  })().catch((error) => { console.log(error.message); process.exit(1); });`;
