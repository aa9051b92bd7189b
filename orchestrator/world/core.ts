import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { renderCoreRules, sameCoreRules } from "../plan/core.ts";
import type { Agent } from "./agent.ts";
import type { World } from "./world.ts";

/** What each world's core was last made to be; a fresh world's is plain. */
const cores = new WeakMap<World, CoreModel>();

/** Makes R of a fresh world the plain core. */
export async function startCore(r: Agent): Promise<void> {
  await r.call("gateway-load", renderCoreRules(PLAIN_CORE));
  await r.call("core-start", {});
}

/**
 * Makes a world's core behave like `core`. What it held back goes on at once, or is lost where rules are loaded
 * (nf_queue_nf_hook_drop()). `seed` decides which packets it loses. Costs nothing where
 * the core is plain and was; loads rules only where they differ.
 */
export async function setCore(world: World, core: CoreModel, seed = 0): Promise<void> {
  const before = cores.get(world) ?? PLAIN_CORE;
  if (isPlain(before) && isPlain(core)) return;
  const r = world.agent("r");
  if (!sameCoreRules(before, core)) await r.call("gateway-load", renderCoreRules(core));
  await r.call("core-set", { core, seed });
  cores.set(world, core);
}

/** Drops what the core holds back, so that nothing of an attempt arrives in the next one. */
export async function drainCore(world: World): Promise<void> {
  const { delayMs } = cores.get(world) ?? PLAIN_CORE;
  if (delayMs > 0) await world.agent("r").call("core-drain", {});
}

function isPlain(core: CoreModel): boolean {
  return JSON.stringify(core) === JSON.stringify(PLAIN_CORE);
}
