/**
 * `make bench`: how fast the main job is on this machine, as absolute figures to look at and as ratios to quote. Everything that
 * is compared runs in this one run, in turn, so that a slow or busy machine slows all of it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "zx";
import { connectEngine, requireImage } from "../orchestrator/engine/index.ts";
import type { RunReport } from "../orchestrator/report/events.ts";
import { PLAIN_SHAPE } from "../orchestrator/plan/shape.ts";
import { openWorld } from "../orchestrator/world/world.ts";

const ROUNDS = 3;
/** Deterministic and decided within milliseconds: what is measured is the harness, not a deadline. */
const QUICK = ["--filter", "/^natblaster-2-(low-ttl|normal)\\.(preserve|sequential)~(preserve|sequential)\\./"];

/** Everything but the birthday, whose trials are drawn. */
const DETERMINISTIC = ["--filter", "/^(?!natblaster-4)/"];

$.verbose = false;
const output = mkdtempSync(join(tmpdir(), "natbed-bench-"));
try {
  const control = await benchControl();
  const matrix = await benchMatrix();
  const rows = [...control, ...matrix];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) console.log(`${name.padEnd(width)}  ${value}`);
} finally {
  rmSync(output, { recursive: true, force: true });
}

type Row = readonly [name: string, value: string];

/** World start, and a message to a resident agent against `docker exec` doing the same. */
async function benchControl(): Promise<Row[]> {
  const engine = await connectEngine();
  const image = await requireImage(engine);
  const ups: number[] = [];
  const calls: number[] = [];
  const commands: number[] = [];
  const execs: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const place = { engine, image, runId: `bench-${process.pid}`, world: `w${round}` };
    const started = performance.now();
    await using world = await openWorld(place, PLAIN_SHAPE);
    ups.push(performance.now() - started);
    const container = engine.docker.getContainer(`natbed-${place.runId}-${place.world}-na`);
    for (let count = 0; count < 10; count += 1) {
      calls.push(await timed(() => world.agent("na").call("capture-end", {})));
      commands.push(await timed(() => world.agent("na").run(["true"])));
      execs.push(
        await timed(async () => {
          const exec = await container.exec({ Cmd: ["true"], AttachStdout: true });
          const stream = await exec.start({});
          await new Promise((resolve) => stream.on("end", resolve).resume());
        }),
      );
    }
  }
  return [
    ["world up, agents ready and wired", `${median(ups).toFixed(0)} ms (median of ${ROUNDS})`],
    ["message to a resident agent", `${median(calls).toFixed(2)} ms`],
    ["command through a resident agent", `${median(commands).toFixed(1)} ms`],
    [
      "the same through docker exec",
      `${median(execs).toFixed(1)} ms, ${(median(execs) / median(commands)).toFixed(0)} times as long`,
    ],
  ];
}

/** Cells per minute, world start and end included: the deterministic matrix as users run it, and what warm worlds bring. */
async function benchMatrix(): Promise<Row[]> {
  const whole = await cellsPerMinute(DETERMINISTIC);
  const [warm, fresh]: [number[], number[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    warm.push(await cellsPerMinute([...QUICK, "--jobs", "2"]));
    fresh.push(await cellsPerMinute([...QUICK, "--jobs", "2", "--fresh"]));
  }
  return [
    ["all deterministic cells of the paper", `${whole.toFixed(0)} a minute`],
    ["those that need not wait, two warm worlds", `${median(warm).toFixed(0)} a minute`],
    [
      "the same, a fresh world per cell",
      `${median(fresh).toFixed(0)} a minute: warm is ${(median(warm) / median(fresh)).toFixed(1)} times as fast`,
    ],
  ];
}

async function cellsPerMinute(extra: readonly string[]): Promise<number> {
  const { stdout } = await $`bin/natbed matrix ${extra} --seed 1 --json --output ${output}`.quiet();
  const report = JSON.parse(stdout) as RunReport;
  if (report.exitCode !== 0) throw new Error(`the run was not as expected: ${JSON.stringify(report.counts)}`);
  return (report.counts.total / report.tookMs) * 60_000;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
