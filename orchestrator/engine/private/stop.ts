import { tryEndpoint } from "../endpoint.ts";
import { sweep } from "../sweep.ts";
import { engineFolders, type EngineFolders } from "./folders.ts";
import { openLock } from "./lock.ts";
import { endProcesses } from "./process.ts";
import { clearRemains, runningDaemon } from "./remains.ts";

/** Stops the private engine and clears all it left but its data (the image cache). Says whether one was running. */
export async function stopPrivateEngine(): Promise<"stopped" | "was-not-running"> {
  const folders = engineFolders();
  await using _lock = await openLock(folders.lock);
  return stopDaemon(folders);
}

/** As `stopPrivateEngine`, for a caller that holds the lock. */
export async function stopDaemon(folders: EngineFolders): Promise<"stopped" | "was-not-running"> {
  const daemon = runningDaemon(folders);
  if (daemon) {
    await endContainers(folders);
    await endProcesses([daemon], 15_000);
  }
  await clearRemains(folders);
  return daemon ? "stopped" : "was-not-running";
}

/** Before the daemon: its own way waits ten seconds for every container that does not listen to SIGTERM. */
async function endContainers({ socket }: EngineFolders): Promise<void> {
  const answer = await tryEndpoint(`unix://${socket}`, "private");
  if (answer.kind === "silent") return;
  await sweep(answer.engine, { all: true });
  const { docker } = answer.engine;
  const running = await docker.listContainers();
  // One that ends by itself meanwhile is as good.
  await Promise.allSettled(running.map(({ Id }) => docker.getContainer(Id).kill()));
}
