import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import type { Evidence } from "../../orchestrator/evidence/types.ts";
import { judge } from "../../orchestrator/verdict/judge.ts";
import { cleanWorld, planAttempt, runAttempt } from "../../orchestrator/world/attempt.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import type { NodeId } from "../../wire/control.ts";
import { cellOf } from "../kit/cells.ts";
import { NODE, openTestWorld } from "../kit/world.ts";
import { until } from "../kit/until.ts";

/** The peer's SYN comes later than the stranger's answer. */
const CELL = cellOf(
  "{ technique: p2pnat, options: { skewMs: 60 }, deadlineMs: 5000, na: [preserve], nb: [preserve], unsolicitedSyn: [drop], expect: [{ verdict: direct }] }",
);
/** B's own port is its window's seventeenth, and NB keeps it. */
const PUNCH = 16;

/** What the stranger does with a connection, as a program. */
const STRANGERS = {
  "sends back what it hears": "s.pipe(s)",
  "says nothing": "s.resume()",
  "talks like a web server": 's.end("HTTP/1.1 400 Bad Request\\\\r\\\\nConnection: close\\\\r\\\\n\\\\r\\\\n")',
} as const;

describe.skipIf(inject("noEngine"))("a stranger in A's own network that has B's private address", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("stranger", { neighbours: ["a"] });
    await sh("a2", `ip address add ${ADDRESS.b}/32 dev lan; ip route add ${ADDRESS.a}/32 via ${ADDRESS.naInside}`);
    await sh("na", `ip route add ${ADDRESS.b}/32 dev in2`);
  }, 120_000);
  afterAll(() => world?.[Symbol.asyncDispose]());

  async function sh(node: NodeId, script: string): Promise<string> {
    const { code, stdout, stderr } = await world.agent(node).call("exec", { argv: ["sh", "-ec", script] });
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout;
  }

  /** One attempt in which A's network lets its hosts reach each other, as a switch would. */
  async function play(seed: string) {
    await cleanWorld(world);
    await Promise.all(layersOf(CELL).map(({ at, gateway }) => loadLayer(world, at, gateway)));
    await sh("na", "for way in '-i in -o in2' '-i in2 -o in'; do iptables -I FORWARD $way -j ACCEPT; done");
    const evidence = await runAttempt(world, planAttempt(CELL, seed), CELL);
    return { evidence, outcome: judge(CELL, evidence) };
  }

  const saidOfPrivate = ({ logs }: Evidence, what: string) =>
    logs
      .filter((line) => line.node === "a" && line.what === what)
      .map(({ detail }) => detail as { socket?: string; failure?: string })
      .filter(({ socket }) => socket === "private");

  it.each(Object.entries(STRANGERS))(
    "and %s is no peer, and keeps nobody from the peer",
    async (does, handling) => {
      const seed = `stranger ${does}`;
      const { localPort } = planAttempt(CELL, seed).b;
      const program = `require("net").createServer((s) => { s.on("error", () => {}); ${handling}; }).listen(${localPort + PUNCH}, "${ADDRESS.b}")`;
      const pid = (await sh("a2", `${NODE} -e '${program}' >/dev/null 2>&1 & echo $!`)).trim();
      const listening = async () => (await sh("a2", `ss -Htln "sport = ${localPort + PUNCH}"`)).trim() || undefined;
      await until("the stranger listens", listening, { withinMs: 20_000 });
      const { evidence, outcome } = await play(seed);
      await sh("a2", `kill ${pid}`);
      expect(outcome).toMatchObject({ verdict: "direct", proof: { handshake: "crossed" } });
      expect(saidOfPrivate(evidence, "connected")).not.toEqual([]);
      expect(saidOfPrivate(evidence, "verified")).toEqual([]);
      if (does !== "says nothing") expect(saidOfPrivate(evidence, "connect-failed")).not.toEqual([]);
    },
    60_000,
  );

  it("and refuses is asked again, and keeps nobody from the peer", async () => {
    const { evidence, outcome } = await play("stranger refuses");
    expect(outcome).toMatchObject({ verdict: "direct", proof: { handshake: "crossed" } });
    expect(saidOfPrivate(evidence, "connect-failed")).toContainEqual(
      expect.objectContaining({ failure: "peer-nat-reset" }),
    );
  }, 60_000);
});
