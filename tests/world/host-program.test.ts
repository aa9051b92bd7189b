import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { PLAIN_CORE } from "../../wire/control.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import type { PartialModel } from "../../orchestrator/nat/model.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { nat } from "../kit/cells.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const BYTES = 3_000_000;

const ANY_PORT = { from: 32_768, to: 65_535 };
const RANDOM: PartialModel = { ports: { kind: "random", range: ANY_PORT } };
const OPEN: PartialModel = { ...RANDOM, mapping: "endpoint-independent", filtering: "endpoint-independent" };
const HARD: PartialModel = { unsolicitedSyn: "reset", crossingSyn: "refuse" };

/** A module that gives up all capabilities (capset(2), version 3) before the program looks what it has. */
const GIVE_UP = `data:text/javascript,
  const { default: koffi } = await import("file:///opt/natbed/node_modules/koffi/index.js");
  const capset = koffi.load("libc.so.6").func("int capset(const void *header, const void *data)");
  if (capset(new Uint8Array(Int32Array.of(0x20080522, 0).buffer), new Uint8Array(24)) !== 0) throw new Error("capset");`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(noEngine)("natbed-host on both sides of two NATs", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("host-program");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** A world whose NATs are so, and nothing left of what was before. */
  async function between(na: PartialModel, nb: PartialModel): Promise<void> {
    await cleanWorld(world);
    await setCore(world, PLAIN_CORE);
    await Promise.all([loadLayer(world, "na", nat(na)), loadLayer(world, "nb", nat(nb))]);
  }

  async function sh(side: "a" | "b", script: string): Promise<Ended> {
    return world.agent(side).call("exec", { argv: ["sh", "-c", script] }, 60_000);
  }

  const program = (words: string, node = "node"): string => `${node} agents/natbed-host.js --x ${ADDRESS.x} ${words}`;

  /** The same words on both sides, each of which says a line. */
  async function both(words: string): Promise<{ a: Ended; b: Ended }> {
    const [a, b] = await Promise.all(
      (["a", "b"] as const).map((side) => sh(side, `echo from ${side} | ${program(words)}`)),
    );
    return { a: a!, b: b! };
  }

  it("carries a file each way, whole, and passes on both ends", { timeout: 120_000 }, async () => {
    await between({}, {});
    const script = `head -c ${BYTES} /dev/urandom > /tmp/file; sha256sum < /tmp/file;
      ${program("--session file --technique simultaneous-open")} < /tmp/file | sha256sum`;
    const [a, b] = await Promise.all([sh("a", script), sh("b", script)]);
    const digests = ({ stdout }: Ended): string[] => stdout.trim().split("\n");
    expect(digests(a), a.stderr + b.stderr).toEqual(digests(b).toReversed());
    expect(digests(a)).toHaveLength(2);
    for (const { stderr } of [a, b]) {
      expect(stderr).toMatch(/connected directly by simultaneous-open after \d+ ms/);
      expect(stderr).toContain(`${BYTES} bytes sent, ${BYTES} received`);
    }
  });

  it.each([
    ["two home routers", {}, {}, "directly by simultaneous-open"],
    [
      "two that answer with RST and hide ICMP",
      { unsolicitedSyn: "reset", timeExceeded: "drop" },
      { unsolicitedSyn: "reset", timeExceeded: "drop" },
      "directly by stunt-2",
    ],
    ["a random one and one open to anybody", RANDOM, OPEN, "directly by connect"],
    ["two that nothing gets through", { ...RANDOM, ...HARD }, { ...RANDOM, ...HARD }, "relayed by X"],
  ] as const)("chooses what works between %s", { timeout: 120_000 }, async (_, na, nb, how) => {
    await between(na, nb);
    const { a, b } = await both("--session choice");
    for (const { code, stderr } of [a, b])
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(how) });
    expect([a.stdout, b.stdout]).toEqual(["from b\n", "from a\n"]);
  });

  const RESETS: PartialModel = { unsolicitedSyn: "reset", timeExceeded: "drop" };

  it.each([
    ["A lacks", ["a"], RESETS, "directly by stunt-2"],
    ["B lacks", ["b"], RESETS, "directly by stunt-2"],
    ["both lack", ["a", "b"], RESETS, "relayed by X"],
    ["both lack", ["a", "b"], {}, "directly by simultaneous-open"],
  ] as const)(
    "where %s every capability, chooses what the others allow: $3",
    { timeout: 120_000 },
    async (_, lacking, model, how) => {
      await between(model, model);
      const unprivileged = `node --import '${GIVE_UP}'`;
      const ends = await Promise.all(
        (["a", "b"] as const).map((side) => {
          const node = (lacking as readonly string[]).includes(side) ? unprivileged : "node";
          return sh(side, `echo from ${side} | ${program("--session 'no capability'", node)}`);
        }),
      );
      for (const { code, stderr } of ends)
        expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining(how) });
      expect(ends.map(({ stdout }) => stdout)).toEqual(["from b\n", "from a\n"]);
    },
  );

  it(
    "joins a local port on one side to a command on the other, and ends with the command's code",
    { timeout: 120_000 },
    async () => {
      await between({}, {});
      const client = `(${program("--session port --listen 2222")} 2>/tmp/log; cat /tmp/log >&2) &
      while ! grep -q 127.0.0.1:2222 /tmp/log; do sleep 0.05; done
      exec 3<>/dev/tcp/127.0.0.1/2222; echo question >&3; head -n 1 <&3; exec 3>&-; wait`;
      const [a, b] = await Promise.all([
        world.agent("a").call("exec", { argv: ["bash", "-c", client] }, 60_000),
        sh("b", `${program("--session port --exec 'read line; echo answer to $line; exit 7'")} < /dev/null`),
      ]);
      expect(a.stdout, a.stderr + b.stderr).toBe("answer to question\n");
      expect(b.code).toBe(7);
    },
  );
});
