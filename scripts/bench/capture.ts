import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeId } from "../../wire/control.ts";
import { connectEngine, onPath, requireImage } from "../../orchestrator/engine/index.ts";
import { writeEvidence } from "../../orchestrator/evidence/store.ts";
import type { Evidence } from "../../orchestrator/evidence/types.ts";
import { layersOf, PLAIN_SHAPE } from "../../orchestrator/plan/shape.ts";
import { expandScenario, loadScenario } from "../../orchestrator/scenario/load.ts";
import { cleanWorld, planAttempt, runAttempt } from "../../orchestrator/world/attempt.ts";
import { setCore } from "../../orchestrator/world/core.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import { openWorld, type World } from "../../orchestrator/world/world.ts";
import { startTcpdump } from "./tcpdump.ts";
import { median, ratioText, timed, type Row } from "./timing.ts";

const ROUNDS = 15;
const SCENARIO = new URL("../../scenarios/paper.yaml", import.meta.url).pathname;
/** Deterministic, and decided within milliseconds. */
const CELL = /^natblaster-2-low-ttl\.preserve~preserve\./;

/**
 * Attempts per minute in a warm world: with every node captured by its resident agent, as always; with none; and with tcpdump in the place
 * of the agents. An attempt is counted from a clean world to its evidence in files. Those to be compared follow each other, now one first
 * and now the other, and of their ratios the median counts.
 *
 * Without capturing, the packet sockets of the routers and X have a filter that passes nothing; A's and B's stay, as techniques read from them.
 */
export async function benchCapture(): Promise<Row[]> {
  const engine = await connectEngine();
  const image = await requireImage(engine);
  const cell = expandScenario(await loadScenario(SCENARIO)).find(({ id }) => CELL.test(id));
  if (!cell) throw new Error(`${SCENARIO} has no cell ${CELL}`);
  const place = { engine, image, runId: `bench-${process.pid}`, world: "capture" };
  await using world = await openWorld(place, PLAIN_SHAPE);
  for (const { at, gateway } of layersOf(cell)) await loadLayer(world, at, gateway);
  await setCore(world, cell.core);
  const dir = mkdtempSync(join(tmpdir(), "natbed-bench-"));
  try {
    let count = 0;
    const attempt = async (captureAt?: readonly NodeId[]): Promise<void> => {
      count += 1;
      await cleanWorld(world);
      const evidence = await runAttempt(world, planAttempt(cell, `bench/${count}`), cell, captureAt);
      if (!isDirect(evidence)) throw new Error(`attempt ${count} did not connect A and B directly`);
      await writeEvidence(dir, cell.id, evidence);
    };
    const withAgents = (): Promise<void> => attempt();
    const without = (): Promise<void> => attempt([]);
    await withAgents();
    const plain = await comparePairs(withAgents, without);
    return [
      ["attempts, packets captured at all nodes", `${perMinute(plain.ms)} a minute (median)`],
      ["the same, none captured", `${perMinute(plain.otherMs)} a minute: with capture ${ratioText(plain.ratios)}`],
      ["the same, by a tcpdump per node and attempt", await againstTcpdump()],
    ];

    async function againstTcpdump(): Promise<string> {
      if (!onPath("tcpdump") || !onPath("nsenter")) return "tcpdump or nsenter is not installed";
      if (process.getuid?.() !== 0) return "needs root";
      const pids = await processesOf(world);
      const withTcpdump = async (): Promise<void> => {
        const ends = await Promise.all(pids.map(startTcpdump));
        await attempt([]);
        await Promise.all(ends.map((end) => end()));
      };
      const { otherMs, ratios } = await comparePairs(withAgents, withTcpdump);
      return `${perMinute(otherMs)} a minute: by agents ${ratioText(ratios)}`;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }

  /** As the machine numbers them. */
  async function processesOf({ ids }: World): Promise<number[]> {
    const containers = ids.map((id) => engine.docker.getContainer(`natbed-${place.runId}-${place.world}-${id}`));
    return (await Promise.all(containers.map((container) => container.inspect()))).map(({ State }) => State.Pid);
  }
}

/** Told from what both sides got while X was cut off: where nothing is captured there is no more to judge. */
function isDirect({ afterCut }: Evidence): boolean {
  return [afterCut?.results.a, afterCut?.results.b].every((result) => result?.receivedBytes === afterCut?.bytes);
}

interface Pairs {
  readonly ms: readonly number[];
  readonly otherMs: readonly number[];
  /** How many times as many of the first are done in the same time. */
  readonly ratios: readonly number[];
}

async function comparePairs(first: () => Promise<void>, other: () => Promise<void>): Promise<Pairs> {
  const [ms, otherMs]: [number[], number[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    if (round % 2 === 0) otherMs.push(await timed(other));
    ms.push(await timed(first));
    if (round % 2 === 1) otherMs.push(await timed(other));
  }
  return { ms, otherMs, ratios: ms.map((one, index) => (otherMs[index] ?? NaN) / one) };
}

function perMinute(ms: readonly number[]): string {
  return (60_000 / median(ms)).toFixed(0);
}
