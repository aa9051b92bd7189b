import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CoreModel, GatewayDuties } from "../wire/control.ts";
import { Recorder } from "./capture.ts";
import { ConntrackTable } from "./conntrack.ts";
import { CoreQueue } from "./core/queue.ts";
import { Duties } from "./nat/duties.ts";
import { setting } from "./setting.ts";
import { XServer } from "./x-server.ts";

/**
 * A node of a world that its containers bring up by themselves (a compose file), all in R's PID namespace. A node shows the others
 * how far it is by its process title: `natbed na started`, then `natbed na ready`. R waits for all, links their network namespaces,
 * and is ready last. What a node sets up is in the script that NATBED_SCRIPT names, and nowhere else.
 */
const READY_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 20;

type State = "started" | "ready";
const node = setting("NATBED_NODE");

for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
setInterval(() => {}, 2 ** 30); // a host or a NAT has nothing else to stay alive for
try {
  announce("started");
  if (node === "r") await bringWorldUp(setting("NATBED_PEERS").split(" "));
  else await bringNodeUp(setting("NATBED_INTERFACES").split(" "));
  announce("ready");
} catch (error) {
  console.error(`natbed ${node}: ${(error as Error).message}`);
  process.exit(1);
}

async function bringWorldUp(peers: readonly string[]): Promise<void> {
  await until("started", () => missing(peers, processes("started")));
  const pids = processes("started");
  runScript(Object.fromEntries([...pids, [node, String(process.pid)]]));
  const queue = new CoreQueue();
  queue.start();
  queue.set(JSON.parse(setting("NATBED_CORE")) as CoreModel, 1);
  await until("ready", () => {
    const ended = [...pids].filter(([, pid]) => !existsSync(`/proc/${pid}`)).map(([id]) => id);
    if (ended.length > 0) throw new Error(`ended before the world was up: ${ended.join(", ")}`);
    return missing(peers, processes("ready"));
  });
}

async function bringNodeUp(interfaces: readonly string[]): Promise<void> {
  await until("linked by R", () => interfaces.filter((name) => !existsSync(`/sys/class/net/${name}`)));
  const duties = process.env["NATBED_DUTIES"];
  if (duties !== undefined) new Duties(new ConntrackTable()).serve(JSON.parse(duties) as GatewayDuties);
  runScript({});
  if (node === "x") await new XServer(() => new Recorder()).listen();
}

function announce(state: State): void {
  process.title = `natbed ${node} ${state}`;
}

/** Pids of the nodes in this PID namespace that are in `state`. */
function processes(state: State): Map<string, string> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const title = new RegExp(`^natbed (\\w+) ${state}\0`);
  return new Map(pids.flatMap((pid) => (title.exec(commandLine(pid)) ?? []).slice(1).map((id) => [id, pid] as const)));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // ended in between
  }
}

function missing(wanted: readonly string[], found: ReadonlyMap<string, unknown>): readonly string[] {
  return wanted.filter((id) => !found.has(id));
}

/** Waits until nothing is pending any more; throws with what is after 30 s. */
async function until(what: string, pending: () => readonly string[]): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  for (let rest = pending(); rest.length > 0; rest = pending()) {
    if (performance.now() > deadline) throw new Error(`not ${what} within ${READY_WITHIN_MS} ms: ${rest.join(", ")}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function runScript(variables: Readonly<Record<string, string>>): void {
  execFileSync("sh", ["-e", setting("NATBED_SCRIPT")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, ...variables },
  });
}
