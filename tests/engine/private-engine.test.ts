import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  hasImage,
  imageRuns,
  imageState,
  LABEL,
  OWNER_LABEL,
  ownLabels,
  startPrivateEngine,
  stopPrivateEngine,
  storeIsDamaged,
  sweep,
  type Engine,
} from "../../orchestrator/engine/index.ts";
import { liveProcess, liveProcesses } from "../../orchestrator/engine/private/process.ts";
import { importSmallImage, noPrivateEngine, openEngineFolders } from "../kit/private-engine.ts";

const image = "natbed:test";
const reason = noPrivateEngine();

describe.skipIf(reason)(`a private engine${reason && ` (${reason})`}`, () => {
  let folders: ReturnType<typeof openEngineFolders>;

  beforeAll(async () => {
    folders = openEngineFolders();
    await importSmallImage(await startPrivateEngine(), image);
  });
  afterAll(() => folders[Symbol.asyncDispose]());
  afterEach(() => vi.unstubAllEnvs());

  it("is the same one when it is started twice, also at the same time", async () => {
    const pid = daemonPid();
    await Promise.all([startPrivateEngine(), startPrivateEngine()]);
    expect(daemonPid()).toBe(pid);
    expect(daemons()).toHaveLength(1);
  });

  it("leaves no process, socket, pid file or mount when it is stopped, and keeps its images", async () => {
    const engine = await startPrivateEngine();
    await openSleeper(engine);
    expect(await stopPrivateEngine()).toBe("stopped");
    expect(remainingProcesses()).toEqual([]);
    expect(
      [folders.socket, folders.pidFile, folders.config, folders.execRoot].filter((path) => existsSync(path)),
    ).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(folders.dataRoot);
    expect(await stopPrivateEngine()).toBe("was-not-running");
    expect(await hasImage(await startPrivateEngine(), image)).toBe(true);
  });

  it("starts again after its daemon was killed with a container running", async () => {
    await openSleeper(await startPrivateEngine());
    process.kill(daemonPid(), "SIGKILL");
    const engine = await startPrivateEngine();
    expect(await imageRuns(engine, image)).toBe(true);
    expect(daemons()).toHaveLength(1);
    await sweep(engine, { all: true });
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);
  });

  it("starts over a socket and a pid file that a killed one left, and leaves the process alone that now has the number", async () => {
    await stopPrivateEngine();
    mkdirSync(folders.runDir, { recursive: true });
    const bystander = spawn("sleep", ["60"]);
    writeFileSync(folders.pidFile, String(bystander.pid));
    await leaveStaleSocket(folders.socket);
    await startPrivateEngine();
    expect(daemonPid()).not.toBe(bystander.pid);
    expect(liveProcess(bystander.pid!)?.argv).toEqual(["sleep", "60"]);
    await stopPrivateEngine();
    expect(liveProcess(bystander.pid!)?.argv).toEqual(["sleep", "60"]);
    await end(bystander);
  });

  it("notices that an image's files are gone though it is listed", async () => {
    await stopPrivateEngine();
    rmSync(join(folders.dataRoot, "overlay2/l"), { recursive: true });
    const engine = await startPrivateEngine();
    expect(await imageState(engine, image)).toBe("damaged");
    expect(await storeIsDamaged(engine)).toBe(true);
    expect(await imageRuns(engine, image)).toBe(false);
  });

  it("drops state that dockerd refuses and says so", async () => {
    await stopPrivateEngine();
    writeFileSync(join(folders.dataRoot, "volumes/metadata.db"), "half a file");
    const said: string[] = [];
    const engine = await startPrivateEngine((line) => said.push(line));
    expect(said.join("\n")).toContain("refused its old state");
    expect(await engine.docker.listImages()).toEqual([]);
  });

  it("shows the end of the log when it does not start, and keeps its data", async () => {
    await stopPrivateEngine();
    const marker = join(folders.dataRoot, "marker");
    writeFileSync(marker, "");
    const bin = mkdtempSync(join(tmpdir(), "nb-"));
    writeFileSync(join(bin, "dockerd"), "#!/bin/sh\necho 'failed to start daemon: no cgroups'\nexit 1\n", {
      mode: 0o755,
    });
    vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
    await expect(startPrivateEngine()).rejects.toMatchObject({
      kind: "infrastructure",
      code: "engine-start-failed",
      detail: expect.stringContaining("no cgroups"),
    });
    expect(existsSync(marker)).toBe(true);
    rmSync(bin, { recursive: true });
  });

  it("is swept of containers whose owner died, and of all when asked", async () => {
    const engine = await startPrivateEngine();
    await importSmallImage(engine, image);
    const mine = await openSleeper(engine);
    const orphan = await openSleeper(engine, {
      [OWNER_LABEL]: ownLabels("t")[OWNER_LABEL]!.replace(/^\d+/, "4194303"),
    });
    const elsewhere = await openSleeper(engine, { [OWNER_LABEL]: "1.1.other-machine" });
    const foreign = await openSleeper(engine, { [LABEL]: "no" });
    expect(await sweep(engine, { all: false })).toBe(1);
    expect(await listIds(engine)).toEqual([mine, elsewhere, foreign].sort());
    expect(await listIds(engine)).not.toContain(orphan);
    expect(await sweep(engine, { all: true })).toBe(2);
    expect(await listIds(engine)).toEqual([foreign]);
  });

  async function openSleeper({ docker }: Engine, labels: Record<string, string> = {}): Promise<string> {
    const container = await docker.createContainer({
      Image: image,
      Cmd: ["/usr/bin/sleep", "600"],
      Labels: { ...ownLabels("test"), ...labels },
      HostConfig: { NetworkMode: "none", CapDrop: ["ALL"] },
    });
    await container.start();
    return container.id;
  }

  const daemonPid = () => Number(readFileSync(folders.pidFile, "utf8"));
  const remainingProcesses = () =>
    liveProcesses().filter(({ argv }) => argv.some((word) => word.startsWith(folders.execRoot)));
  const daemons = () => remainingProcesses().filter(({ argv }) => /(^|\/)dockerd$/.test(argv[0] ?? ""));
});

async function listIds({ docker }: Engine): Promise<string[]> {
  return (await docker.listContainers({ all: true })).map(({ Id }) => Id).sort();
}

/** A socket file that nobody listens on. */
async function leaveStaleSocket(path: string): Promise<void> {
  const child = spawn(process.execPath, [
    "-e",
    `require("net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`,
  ]);
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(path)).toBe(true);
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
}
