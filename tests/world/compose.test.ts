import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectEngine, KEPT_PREFIX } from "../../orchestrator/engine/index.ts";
import { ROOT } from "../../orchestrator/engine/image/recipe.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { renderCellCompose } from "../../orchestrator/plan/cell-compose.ts";
import { cellOf } from "../kit/cells.ts";
import { openFolder, type Folder } from "../kit/command.ts";
import { openCompose, type Compose } from "../kit/compose.ts";
import { listOurs } from "../kit/engine.ts";
import { NODE, RUN_ID } from "../kit/world.ts";

/** The outside ports that x sees of connections from local ports 55001 and 55002. */
const ASK = `
const ask = (localPort) => new Promise((resolve, reject) => {
  const socket = require("node:net").connect({ host: process.env.NATBED_X, port: ${X_PORTS.probes[0]}, localPort });
  socket.on("data", (line) => { resolve(Number(String(line).trim().split(":")[1])); socket.destroy(); }).on("error", reject);
});
(async () => console.log(JSON.stringify([await ask(55001), await ask(55002)])))();
`;

const noEngine = inject("noEngine");
const found = noEngine ? { reason: noEngine } : await openCompose();
if ("reason" in found && !noEngine) console.warn(`tests of compose files: skipped: ${found.reason}`);

/** A name that no run's sweep touches. */
const projectOf = (name: string): string => `${KEPT_PREFIX}${RUN_ID}-${name}`;
const fileOf = (name: string): string => join(ROOT, "compose", `${name}.yaml`);

async function open(file: string, project: string): Promise<Compose> {
  if ("reason" in found) throw new Error(found.reason);
  return found.start(file, project);
}

async function left(project: string): Promise<string[]> {
  const engine = await connectEngine();
  const containers = (await listOurs(engine)).filter(({ Labels }) => Labels["com.docker.compose.project"] === project);
  const networks = (await engine.docker.listNetworks()).filter(({ Name }) => Name.startsWith(project));
  return [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name)];
}

const [sequentialStart, randomly] = [40_000, expect.not.arrayContaining([55_001, 55_002])];
const WORLDS = [
  { name: "preserve", ports: [55_001, 55_002], attempt: { code: 0, result: { ok: true, intact: true } } },
  {
    name: "sequential",
    ports: [sequentialStart, sequentialStart + 1],
    attempt: { code: 0, result: { ok: true, intact: true } },
  },
  {
    name: "random",
    ports: randomly,
    attempt: { code: 1, result: { ok: false, failure: expect.stringMatching(/^(peer-failed|deadline)$/) } },
  },
];

describe.skipIf("reason" in found).each(WORLDS)("the world $name of compose/", ({ name, ports, attempt }) => {
  const project = projectOf(name);
  let compose: Compose;

  beforeAll(async () => {
    compose = await open(fileOf(name), project);
  });
  afterAll(() => compose?.(["down", "--timeout", "2"]));

  it("comes up by itself, and is usable once compose says so", async () => {
    const up = await compose(["up", "--wait", "-d"]);
    expect(up).toMatchObject({ code: 0 });
    const titles = await compose(["exec", "-T", "r", "pgrep", "-a", "-f", "^natbed "]);
    expect(titles.stdout.match(/natbed \w+ ready/g)?.toSorted()).toEqual(
      ["a", "b", "na", "nb", "r", "x"].map((id) => `natbed ${id} ready`),
    );
  });

  it("lets a reach x, from the outside ports that its NAT gives", async () => {
    const asked = await compose(["exec", "-T", "a", NODE, "-e", ASK]);
    expect(asked.stderr).toBe("");
    expect(JSON.parse(asked.stdout)).toEqual(ports);
  });

  it.each(["", " again, with the same seed"])(
    "plays natblaster-2 between a and b%s, as these NATs let it",
    async () => {
      const words = (side: string) => ["exec", "-T", side, "node", "agents/attempt.js", "natblaster-2-normal", RUN_ID];
      const sides = await Promise.all([compose(words("a")), compose(words("b"))]);
      for (const { code, stdout, stderr } of sides) {
        expect(JSON.parse(stdout.trim().split("\n").at(-1)!), stderr).toMatchObject(attempt.result);
        expect(code).toBe(attempt.code);
      }
    },
  );

  it("is gone after down", async () => {
    expect(await compose(["down", "--timeout", "2"])).toMatchObject({ code: 0 });
    expect(await left(project)).toEqual([]);
  });
});

describe.skipIf("reason" in found)("the compose file of a cell behind one carrier, whose home NAT has duties", () => {
  const project = projectOf("carrier");
  const cell = cellOf(
    "{ technique: simultaneous-open, na: [rfc5382], nb: [preserve], carrier: { shared: carrier-grade }, neighbour: { everyMs: 50, beside: [b] }, expect: [{ verdict: direct }] }",
  );
  let folder: Folder;
  let compose: Compose;

  beforeAll(async () => {
    folder = openFolder();
    const { kernel } = await connectEngine();
    compose = await open(folder.write("compose.yaml", renderCellCompose(cell, { seed: RUN_ID, kernel })), project);
    expect(await compose(["up", "--wait", "-d"])).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await compose?.(["down", "--timeout", "2"]);
    folder?.[Symbol.dispose]();
  });

  it("shows both hosts and the neighbour to x under the carrier's address", async () => {
    for (const id of ["a", "b", "b2"]) {
      const words = ["bash", "-c", "exec 3<>/dev/tcp/$NATBED_X/7001; head -n 1 <&3"];
      const { stdout } = await compose(["exec", "-T", id, ...words]);
      expect(stdout).toMatch(/^192\.0\.2\.2:/);
    }
  });

  it("lets the hosts meet at its hairpin", async () => {
    const [part = ""] = cell.id.split(".");
    const words = (side: string) => ["exec", "-T", side, "node", "agents/attempt.js", part, RUN_ID];
    const sides = await Promise.all([compose(words("a")), compose(words("b"))]);
    for (const { stdout, stderr } of sides)
      expect(JSON.parse(stdout.trim().split("\n").at(-1)!), stderr).toMatchObject({ ok: true, intact: true });
  });

  it("has a NAT that refuses unsolicited SYNs with ICMP, 6 s late", async () => {
    const dial =
      "const at = Date.now(); require('node:net').connect(700, '100.64.0.2').on('error', ({ code }) => console.log(code, Date.now() - at > 5900))";
    const { stdout } = await compose(["exec", "-T", "c", NODE, "-e", dial]);
    expect(stdout.trim()).toBe("ECONNREFUSED true");
  });
});

describe.skipIf("reason" in found)("the compose file of a cell with a core that delays", () => {
  const project = projectOf("core");
  const cell = cellOf(
    "{ technique: simultaneous-open, na: [preserve], nb: [preserve], unsolicitedSyn: [reset], core: { delayMs: 50, extraHops: 2 }, expect: [{ verdict: direct }] }",
  );
  let folder: Folder;
  let compose: Compose;

  beforeAll(async () => {
    const { kernel } = await connectEngine();
    folder = openFolder();
    compose = await open(folder.write("compose.yaml", renderCellCompose(cell, { seed: RUN_ID, kernel })), project);
  });
  afterAll(async () => {
    await compose?.(["down", "--timeout", "2"]);
    folder?.[Symbol.dispose]();
  });

  it("plays the cell: only with delay do the SYNs of these two NATs' hosts cross", async () => {
    expect(await compose(["up", "--wait", "-d"])).toMatchObject({ code: 0 });
    const name = cell.id.split(".")[0]!;
    const words = (side: string) => ["exec", "-T", side, "node", "agents/attempt.js", name, RUN_ID];
    const sides = await Promise.all([compose(words("a")), compose(words("b"))]);
    for (const { code, stdout, stderr } of sides) {
      expect(JSON.parse(stdout.trim().split("\n").at(-1)!), stderr).toMatchObject({ ok: true, intact: true });
      expect(code).toBe(0);
    }
    const { stdout } = await compose(["logs", "r"]);
    expect(stdout).toContain('"heldBy":"nfqueue with timerfd"');
  });
});

describe.skipIf("reason" in found)("a compose file with a rule that the kernel refuses", () => {
  const project = projectOf("broken");
  let folder: Folder;
  let compose: Compose;

  beforeAll(async () => {
    const text = readFileSync(fileOf("preserve"), "utf8").replace(
      "-A INPUT -d 192.0.2.2 -p tcp -j DROP",
      "-A INPUT -j NOWHERE",
    );
    folder = openFolder();
    compose = await open(folder.write("compose.yaml", text), project);
  });
  afterAll(async () => {
    await compose?.(["down", "--timeout", "2"]);
    folder?.[Symbol.dispose]();
  });

  it("does not come up, and na says which line it is", async () => {
    const up = await compose(["up", "--wait", "-d"]);
    expect(up.code).not.toBe(0);
    const { stdout } = await compose(["logs", "na"]);
    expect(stdout).toContain("NOWHERE");
    expect(stdout).toContain("natbed na: Command failed");
  });
});
