import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NatbedError } from "../../errors.ts";
import { tryEndpoint, type Engine } from "../endpoint.ts";
import { engineFolders, type EngineFolders } from "./folders.ts";
import { openLock } from "./lock.ts";
import { clearRemains, runningDaemon, unmountBelow } from "./remains.ts";
import { stopDaemon } from "./stop.ts";

const READY_WITHIN_MS = 20_000;

/**
 * Starts the private dockerd, or returns the one that runs. It has its own data, socket and pid file and touches nothing of the
 * machine's network. What a killed one left is cleared first; state that dockerd refuses is dropped (it is a cache) and made anew once.
 * Throws NatbedError `engine-missing`, `engine-not-root` or `engine-start-failed` (with the end of dockerd's log).
 */
export async function startPrivateEngine(say: (line: string) => void = () => {}): Promise<Engine> {
  const folders = engineFolders();
  requireRoot();
  await using _lock = await openLock(folders.lock);
  const running = await runningEngine(folders);
  if (running) return running;
  try {
    return await launch(folders);
  } catch (error) {
    if (!isStartFailure(error) || !existsSync(folders.dataRoot)) throw error;
    return await launchAfresh(folders, error, say);
  }
}

/** Without the old state. If that does not help either, the state was not to blame and comes back. */
async function launchAfresh(folders: EngineFolders, error: NatbedError, say: (line: string) => void): Promise<Engine> {
  const aside = `${folders.dataRoot}.aside`;
  await clearRemains(folders);
  rmSync(aside, { recursive: true, force: true });
  renameSync(folders.dataRoot, aside);
  try {
    const engine = await launch(folders);
    say(`the engine refused its old state, which was dropped: ${error.detail?.split("\n").at(-1) ?? error.message}`);
    rmSync(aside, { recursive: true, force: true });
    return engine;
  } catch (again) {
    await clearRemains(folders);
    rmSync(folders.dataRoot, { recursive: true, force: true });
    renameSync(aside, folders.dataRoot);
    throw again;
  }
}

/** Stops the private engine, drops its data and starts it empty: for an image store whose files are partly gone. */
export async function renewPrivateEngine(): Promise<Engine> {
  const folders = engineFolders();
  {
    await using _lock = await openLock(folders.lock);
    await stopDaemon(folders);
    await unmountBelow(folders);
    rmSync(folders.dataRoot, { recursive: true, force: true });
  }
  return startPrivateEngine();
}

async function runningEngine(folders: EngineFolders): Promise<Engine | undefined> {
  const daemon = runningDaemon(folders);
  if (!daemon) return undefined;
  const answer = await untilReady(folders, () => runningDaemon(folders) !== undefined);
  if (answer) return answer;
  // It runs and does not answer: of no use to anybody.
  await stopDaemon(folders);
  return undefined;
}

async function launch(folders: EngineFolders): Promise<Engine> {
  await clearRemains(folders);
  mkdirSync(folders.runDir, { recursive: true });
  mkdirSync(dirname(folders.log), { recursive: true });
  writeFileSync(folders.config, "{}\n");
  const log = openSync(folders.log, "w");
  const daemon = spawn("dockerd", daemonFlags(folders), { detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let ended: string | undefined;
  daemon.once("error", (error) => (ended = error.message));
  daemon.once("exit", (code, signal) => (ended = `dockerd ended with ${signal ?? `code ${code}`}`));
  const engine = await untilReady(folders, () => ended === undefined);
  daemon.unref();
  if (engine) return engine;
  const why = ended ?? `no answer within ${READY_WITHIN_MS / 1000} s`;
  await stopDaemon(folders);
  throw startFailure(why, folders);
}

/** Own state and settings, and neither bridge nor packet-filter rules nor sysctls of the machine. */
function daemonFlags({ dataRoot, execRoot, pidFile, socket, config }: EngineFolders): string[] {
  const isolation = [
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--userland-proxy=false",
  ];
  // /etc/docker/daemon.json belongs to the machine's Docker; what it sets may contradict these flags, which dockerd refuses.
  const settings = ["--config-file", config, "--host", `unix://${socket}`];
  return [...isolation, ...settings, "--data-root", dataRoot, "--exec-root", execRoot, "--pidfile", pidFile];
}

async function untilReady(folders: EngineFolders, stillRuns: () => boolean): Promise<Engine | undefined> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadline && stillRuns()) {
    const answer = existsSync(folders.socket) ? await tryEndpoint(`unix://${folders.socket}`, "private") : undefined;
    if (answer?.kind === "answers") return answer.engine;
    await sleep(25);
  }
  return undefined;
}

function isStartFailure(error: unknown): error is NatbedError {
  return error instanceof NatbedError && error.code === "engine-start-failed";
}

function requireRoot(): void {
  if (process.platform === "linux" && process.getuid?.() === 0) return;
  throw new NatbedError("a private Docker engine can be started on Linux by root only", {
    kind: "infrastructure",
    code: "engine-not-root",
    hint: "run as root, or start Docker yourself and set DOCKER_HOST if it listens elsewhere than /var/run/docker.sock",
  });
}

function startFailure(why: string, folders: EngineFolders): NatbedError {
  const missing = why.includes("ENOENT");
  return new NatbedError(missing ? "dockerd is not installed" : `the private Docker engine did not start: ${why}`, {
    kind: "infrastructure",
    code: missing ? "engine-missing" : "engine-start-failed",
    detail: lastLines(folders.log, 15),
    hint: missing ? "run `make setup`, which installs it on Debian and Ubuntu" : `the whole log: ${folders.log}`,
  });
}

function lastLines(path: string, count: number): string {
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n").slice(-count).join("\n") : "";
}
