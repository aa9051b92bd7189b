import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  connectEngine,
  KEPT_PREFIX,
  preflight,
  removeContainer,
  requireImage,
  sweep,
  RUN_LABEL,
  type Engine,
} from "../engine/index.ts";
import { NatbedError } from "../errors.ts";
import type { Capability } from "../nat/needs.ts";
import { shapeOf } from "../plan/shape.ts";
import { countCells, exitCodeOf } from "../report/counts.ts";
import type { CellResult, RunEnd, RunEvent, RunReport } from "../report/events.ts";
import { openOutput } from "../report/output.ts";
import type { Cell } from "../scenario/cell.ts";
import { runCell } from "./cell.ts";
import { CellQueue } from "./queue.ts";
import { Station } from "./station.ts";
import { lackingFor, partition, skipCell } from "./support.ts";
import { writeJson } from "./trial.ts";

export interface MatrixOptions {
  readonly seed: number;
  /** Worlds at the same time. */
  readonly jobs: number;
  /** A new world for every cell. */
  readonly fresh: boolean;
  /** Leave the world of a surprising or failed cell running. */
  readonly keepOnFailure: boolean;
  /** Where the run directory is made. */
  readonly outputDir: string;
  /** Stop after so many surprises and errors. */
  readonly maxFailures?: number;
  readonly scenario: readonly string[];
  readonly argv: readonly string[];
  readonly signal: AbortSignal;
  /** Capabilities to do without, as if the kernel lacked them: cells that need one are unsupported. */
  readonly without?: readonly Capability[];
}

/** What the workers of a run share. */
interface Run {
  readonly engine: Engine;
  readonly image: string;
  readonly id: string;
  readonly dir: string;
  readonly options: MatrixOptions;
  readonly queue: CellQueue;
  readonly results: CellResult[];
  readonly emit: (event: RunEvent) => void;
  /** Runs one piece of work after the other. */
  readonly turn: (work: () => Promise<void>) => Promise<void>;
  ended: RunEnd;
  stopped: boolean;
}

/**
 * Runs cells over several warm worlds and returns the report; what happens is emitted on the way and recorded in the run
 * directory. Throws NatbedError only where no run could begin; whatever breaks later is in the report.
 */
export async function runMatrix(
  cells: Cell[],
  options: MatrixOptions,
  emit: (event: RunEvent) => void,
): Promise<RunReport> {
  const started = performance.now();
  const startedAt = new Date().toISOString();
  await openOutput(options.outputDir);
  const engine = await connectEngine();
  const [, image] = await Promise.all([preflight(engine), requireImage(engine), sweep(engine, { all: false })]);
  const { able, unable } = partition(cells, await lackingFor(cells, engine, options.without));
  const id = `${startedAt.replace(/[:.]/g, "-").slice(0, 19)}-${randomBytes(2).toString("hex")}`;
  const dir = join(options.outputDir, id);
  await mkdir(dir);
  const facts = { seed: options.seed, jobs: options.jobs, scenario: [...options.scenario], startedAt };
  const about = { ...facts, engine: { version: engine.version, kind: engine.kind, kernel: engine.kernel } };
  const index = cells.map((cell) => ({ id: cell.id, block: cell.block }));
  await writeJson(join(dir, "run.json"), { id, ...about, argv: options.argv, total: cells.length, cells: index });
  emit({ type: "run-started", id, seed: options.seed, total: cells.length, jobs: options.jobs, dir, cells: index });

  const run: Run = {
    engine,
    image,
    id,
    dir,
    options,
    queue: new CellQueue(able),
    results: [],
    emit,
    turn: inTurn(),
    ended: "complete",
    stopped: false,
  };
  for (const cell of unable) {
    const result = await skipCell(cell, dir);
    run.results.push(result);
    emit({ type: "cell-finished", result });
  }
  await playAll(run, able.length);

  const order = new Map(cells.map((cell, position) => [cell.id, position]));
  const results = run.results.toSorted((one, other) => (order.get(one.cell.id) ?? 0) - (order.get(other.cell.id) ?? 0));
  const counts = countCells(cells.length, results);
  const ended = run.ended;
  const report: RunReport = {
    schema: 1,
    id,
    ...about,
    tookMs: performance.now() - started,
    dir,
    ended,
    counts,
    exitCode: exitCodeOf({ ended, counts }),
    cells: results,
  };
  emit({ type: "run-finished", report });
  return report;
}

/** Workers until the queue is empty or the run is stopped; afterwards every world is gone, however it ended. */
async function playAll(run: Run, total: number): Promise<void> {
  const { engine, image, id, options } = run;
  const stations = Array.from({ length: Math.min(options.jobs, total) }, (_, index) => {
    const name = `w${index + 1}`;
    return new Station(name, (world) => ({ engine, image, runId: id, world }));
  });
  const interrupt = (): void => {
    run.stopped = true;
    run.ended = "interrupted";
    for (const station of stations) void station[Symbol.asyncDispose]().catch(() => {}); // checked below
  };
  options.signal.addEventListener("abort", interrupt, { once: true });
  if (options.signal.aborted) interrupt();
  try {
    await Promise.all(stations.map((station) => work(run, station)));
  } finally {
    options.signal.removeEventListener("abort", interrupt);
    await Promise.allSettled(stations.map((station) => station[Symbol.asyncDispose]()));
    if (run.ended !== "engine-lost") await leaveNothing(run);
  }
}

/** Worlds come up one after the other: the first verdict is there while the others still start, and none starts for nothing. */
function inTurn(): (work: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (work) => (last = last.then(work));
}

async function work(run: Run, station: Station): Promise<void> {
  await run.turn(async () => {
    const first = run.stopped ? undefined : run.queue.peek();
    if (first) await station.open(shapeOf(first));
  });
  let previous: Cell | undefined;
  for (let cell = run.queue.next(previous); cell && !run.stopped; cell = run.queue.next(previous)) {
    run.emit({ type: "cell-started", id: cell.id });
    const result = await runCell(station, cell, { runDir: run.dir, seed: run.options.seed, kernel: run.engine.kernel });
    if (run.stopped && result.state === "error") return; // the stop broke it, not the world
    if (result.state === "error" && !(await answers(run.engine))) {
      run.stopped = true;
      run.ended = "engine-lost";
    }
    run.results.push(result);
    run.emit({ type: "cell-finished", result });
    await afterCell(run, station, result);
    previous = cell;
  }
  await station[Symbol.asyncDispose](); // while the others still work
}

async function afterCell({ options, results, ...run }: Run, station: Station, result: CellResult): Promise<void> {
  const bad = result.surprise || result.state === "error";
  if (bad && options.keepOnFailure) {
    const names = await station.keep();
    await writeJson(join(run.dir, result.dir, "kept.json"), { containers: names });
  } else if (options.fresh || result.state === "error") await station.renew();
  const failures = results.filter(({ surprise, state }) => surprise || state === "error").length;
  if (options.maxFailures !== undefined && failures >= options.maxFailures) run.queue.clear();
}

async function answers({ docker }: Engine): Promise<boolean> {
  const late = new Promise<boolean>((resolve) => setTimeout(resolve, 2_000, false).unref());
  return Promise.race([
    docker.ping().then(
      () => true,
      () => false,
    ),
    late,
  ]);
}

const GONE_WITHIN_MS = 10_000;

/** I-5: waits until the engine lists no container of this run any more (kept worlds carry another name). */
async function leaveNothing({ engine, id }: Run): Promise<void> {
  const until = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = await engine.docker.listContainers({ all: true, filters: { label: [`${RUN_LABEL}=${id}`] } });
    const ours = left.filter(({ Names }) => !Names.some((name) => name.startsWith(`/${KEPT_PREFIX}`)));
    if (ours.length === 0) return;
    if (performance.now() > until) {
      const names = ours.map(({ Names }) => Names[0]).join(", ");
      throw new NatbedError(`containers of this run are still there: ${names}`, {
        kind: "infrastructure",
        code: "leftovers",
        hint: "`natbed down --all` removes them",
      });
    }
    await Promise.allSettled(ours.map(({ Id }) => removeContainer(engine.docker, Id)));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
