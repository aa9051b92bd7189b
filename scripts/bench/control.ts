import { connectEngine, requireImage } from "../../orchestrator/engine/index.ts";
import { PLAIN_SHAPE } from "../../orchestrator/plan/shape.ts";
import { openWorld } from "../../orchestrator/world/world.ts";
import { median, timed, type Row } from "./timing.ts";

const ROUNDS = 3;

/** World start, and a message to a resident agent against `docker exec` doing the same. */
export async function benchControl(): Promise<Row[]> {
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
    await world.agent("na").call("capture-begin", {});
    for (let count = 0; count < 10; count += 1) {
      calls.push(await timed(() => world.agent("na").call("capture-look", {})));
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
