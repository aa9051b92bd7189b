import { connectEngine, RUN_LABEL, type Engine } from "../../orchestrator/engine/index.ts";
import { until } from "./until.ts";

const GONE_WITHIN_MS = 3_000;

/** Which containers of a run to look for, and in which engine. */
interface Search {
  /** Any, where none is named. */
  readonly states?: readonly string[];
  /** The one that `natbed` finds, where none is named. */
  readonly engine?: Engine;
}

/** Names of a run's containers. */
export async function containersOf(runId: string, { states = [], engine }: Search = {}): Promise<string[]> {
  const { docker } = engine ?? (await connectEngine());
  const filters = { label: [`${RUN_LABEL}=${runId}`], ...(states.length > 0 ? { status: [...states] } : {}) };
  const listed = await docker.listContainers({ all: true, filters });
  return listed.map(({ Names }) => Names[0] ?? "").toSorted((one, other) => one.localeCompare(other));
}

/** Waits until at least `count` containers of the run exist. */
export async function untilUp(runId: string, count: number, search?: Search): Promise<void> {
  let names: string[] = [];
  const look = async (): Promise<true | undefined> => {
    names = await containersOf(runId, search);
    return names.length >= count || undefined;
  };
  await until(`${count} containers of run ${runId}`, look, { withinMs: 20_000, seen: () => names });
}

/** Ends a container the hard way as soon as it runs: one that is only created, or not yet, cannot be. */
export async function killOnceUp(name: string): Promise<void> {
  const { docker } = await connectEngine();
  const running = async (): Promise<true | undefined> => {
    const [found] = await docker.listContainers({ filters: { name: [`^/${name}$`], status: ["running"] } });
    return found ? true : undefined;
  };
  await until(`container ${name} to run`, running, { withinMs: 20_000 });
  await docker.getContainer(name).kill();
}

/** Waits until no container of the run is left (I-5). */
export async function untilGone(runId: string, search?: Search): Promise<void> {
  let names: string[] = [];
  const look = async (): Promise<true | undefined> => {
    names = await containersOf(runId, search);
    return names.length === 0 || undefined;
  };
  await until(`no container of run ${runId}`, look, { withinMs: GONE_WITHIN_MS, seen: () => names });
}
