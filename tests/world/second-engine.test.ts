import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { connectEngine, imageTag, startPrivateEngine, type Engine } from "../../orchestrator/engine/index.ts";
import { runningDaemon } from "../../orchestrator/engine/private/remains.ts";
import { natbed, openFolder, reportOf, startNatbed, type Ended, type Folder } from "../kit/command.ts";
import { containersOf, untilGone } from "../kit/leftovers.ts";
import { noPrivateEngine, openEngineFolders } from "../kit/private-engine.ts";
import { quickEntry, scenario, slowEntry, untilPlanned } from "../kit/slow.ts";
import { until } from "../kit/until.ts";

const reason = inject("noEngine") || noPrivateEngine();

/** Tests that would disturb others in the engine of all: `down --all`, and the death of the engine. */
describe.skipIf(reason)(`an engine of its own${reason && ` (${reason})`}`, () => {
  let folders: ReturnType<typeof openEngineFolders>;
  let engine: Engine;
  let folder: Folder;

  beforeAll(async () => {
    const shared = await connectEngine();
    const image = await shared.docker.getImage(await imageTag()).get();
    folders = openEngineFolders();
    engine = await startPrivateEngine();
    await load(engine, image);
  });
  afterAll(() => folders?.[Symbol.asyncDispose]());
  beforeEach(() => {
    folder = openFolder();
  });
  afterEach(() => folder[Symbol.dispose]());

  const env = (): NodeJS.ProcessEnv => ({ NATBED_DOCKER_HOST: engine.endpoint });
  const command = (...args: string[]): Promise<Ended> => natbed(args, env());

  /** Names under which the only cell's world was kept, as the run directory tells. */
  function keptNames(runDir: string, cellId: string): string[] {
    const { containers } = JSON.parse(readFileSync(join(runDir, "cells", cellId, "kept.json"), "utf8")) as {
      containers: string[];
    };
    return containers.map((name) => `/${name}`).toSorted((one, other) => one.localeCompare(other));
  }

  it("keeps a surprising cell's world until `down --all`, through other runs and `down`", async () => {
    const claim = quickEntry({ block: "wrong", na: ["preserve"] }).replace(
      /expect:.*/,
      "expect: [{ verdict: direct }]",
    );
    const wrong = folder.write("wrong.yaml", scenario(claim));
    const run = await command("matrix", wrong, "--keep-on-failure", "-j", "1", "--json", "--output", folder.path);
    expect(run.code).toBe(1);
    const { id, dir } = reportOf(run);
    const kept = keptNames(dir, "wrong.preserve~preserve.drop.te-drop");
    expect(kept).toHaveLength(6);
    for (const name of kept) expect(name).toMatch(/^\/natbed-kept-[0-9a-f]{6}-w1-1-(a|b|na|nb|r|x)$/);
    expect(await containersOf(id, { engine, states: ["running"] })).toEqual(kept);

    expect((await command("down")).stdout).toBe("0 containers removed");
    expect((await command("matrix", "-t", "public", "--output", folder.path)).code).toBe(0);
    expect(await containersOf(id, { engine, states: ["running"] })).toEqual(kept);

    expect((await command("down", "--all")).stdout).toBe("6 containers removed");
    await untilGone(id, { engine });
  });

  it("keeps what is left of a world whose agent crashed, and the run goes on", async () => {
    const entries = [slowEntry({ block: "slow", na: ["preserve"] }), quickEntry({ block: "quick", na: ["preserve"] })];
    const file = folder.write("crash.yaml", scenario(...entries));
    const args = ["matrix", file, "--keep-on-failure", "-j", "1", "--json", "--output", folder.path];
    const { runId, ended } = startNatbed(args, env());
    const id = await runId;
    const slow = "slow.preserve~preserve.drop.te-drop";
    await untilPlanned(join(folder.path, id), slow);
    await engine.docker.getContainer(`natbed-${id}-w1-1-a`).kill();
    const run = await ended;
    expect(run.code).toBe(3);
    expect(reportOf(run).counts).toMatchObject({ errors: 1, asExpected: 1 });
    const kept = keptNames(join(folder.path, id), slow);
    expect(new Set(kept.map((name) => name.split("-").at(-1)))).toEqual(new Set(["b", "na", "nb", "r", "x"]));
    expect((await command("down", "--all")).stdout).toBe("5 containers removed");
    await untilGone(id, { engine });
  });

  it("ends the run with exit code 3 when it is killed, and what was recorded stays readable", async () => {
    const entries = [
      quickEntry({ block: "quick", na: ["preserve", "random"] }),
      slowEntry({ block: "slow", na: ["sequential"] }),
      slowEntry({ block: "never", na: ["preserve", "random", "sequential"] }),
    ];
    const file = folder.write("lost.yaml", scenario(...entries));
    const { runId, ended } = startNatbed(["matrix", file, "-j", "1", "--json", "--output", folder.path], env());
    const id = await runId;
    const dir = join(folder.path, id);
    const finished = (cell: string): true | undefined =>
      existsSync(join(dir, "cells", cell, "result.json")) || undefined;
    await until("the first cell's result", () => finished("quick.preserve~preserve.drop.te-drop"), {
      withinMs: 20_000,
    });
    process.kill(runningDaemon(folders)!.pid, "SIGKILL");
    const killedAt = performance.now();
    const run = await ended;
    expect(performance.now() - killedAt).toBeLessThan(10_000);
    expect(run.code).toBe(3);

    const shown = await natbed(["report", dir, "--json"]);
    const report = reportOf(shown);
    expect(report).toEqual({ ...reportOf(run), dir });
    expect(report).toMatchObject({ ended: "engine-lost", exitCode: 3, counts: { surprises: 0, errors: 1 } });
    expect(report.counts.notRun).toBeGreaterThan(0);
    expect(report.cells[0]).toMatchObject({ verdict: "blocked", cause: "filtered", surprise: false });
    expect(report.cells.filter(({ state }) => state === "error")).toHaveLength(1);
    expect((await natbed(["report", dir])).stdout).toContain("filtered");
  });
});

async function load({ docker }: Engine, image: NodeJS.ReadableStream): Promise<void> {
  const progress = await docker.loadImage(image);
  await new Promise<void>((resolve, reject) => {
    progress.on("error", reject).on("end", resolve).resume();
  });
}
