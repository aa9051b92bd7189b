import type { TestProject } from "vitest/node";
import { buildImage, hasImage, imageTag, OWNER_LABEL, sweep } from "../../orchestrator/engine/index.ts";
import { liveProcess } from "../../orchestrator/engine/private/process.ts";
import { engineOrReason, listOurs } from "./engine.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Why tests that need an engine are skipped, or nothing when there is one. */
    noEngine: string;
  }
}

/** Around all tests that may touch the engine: finds it, and at the end asserts that they left nothing in it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = await engineOrReason();
  if ("reason" in found) {
    console.warn(`tests that need a Docker engine: ${found.reason}`);
    project.provide("noEngine", found.reason);
    return async () => {};
  }
  project.provide("noEngine", "");
  await sweep(found.engine, { all: false });
  if (!(await hasImage(found.engine, await imageTag()))) await buildImage(found.engine, () => {});
  const before = new Set((await listOurs(found.engine)).map(({ Id }) => Id));
  return async () => {
    const since = (await listOurs(found.engine)).filter(({ Id }) => !before.has(Id));
    const left = since.filter(({ Labels }) => !belongsToOthers(Labels[OWNER_LABEL]));
    if (left.length === 0) return;
    const names = left.map(({ Names, State, Labels }) => `${Names.join()} ${State} owner ${Labels[OWNER_LABEL]}`);
    throw new Error(`the tests left containers behind:\n  ${names.join("\n  ")}`);
  };
}

/** A live process that is none of ours, such as a `natbed matrix` beside the tests. */
function belongsToOthers(owner = ""): boolean {
  const [pid, startTicks] = owner.split(".");
  for (let at = liveProcess(Number(pid)), first = true; at; at = liveProcess(at.parent), first = false) {
    if (first && at.startTicks !== startTicks) return false;
    if (at.pid === process.pid) return false;
    if (at.parent === 0) return true;
  }
  return false;
}
