import { afterAll, beforeAll, expect, describe, inject, it } from "vitest";
import { layersOf } from "../../orchestrator/plan/shape.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { cleanWorld } from "../../orchestrator/world/attempt.ts";
import { loadLayer } from "../../orchestrator/world/gateways.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { cellOf } from "../kit/cells.ts";
import { NODE, openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const YEAR_MS = 365 * 86_400_000;

/** Makes a program's clock wrong by so much, before it looks at it for the first time. */
const shifted = (byMs: number): string => `data:text/javascript,
  const now = Date.now;
  Date.now = () => now() + ${byMs};
  globalThis.Date = class extends Date { constructor(...all) { super(...(all.length ? all : [Date.now()])); } };
  Object.defineProperty(performance, "timeOrigin", { value: performance.timeOrigin + ${byMs} });`;

/** Makes it step with every look. */
const STEPPING = `data:text/javascript,
  const now = Date.now;
  let looks = 0;
  Date.now = () => now() + (looks++ % 2 === 0 ? ${YEAR_MS} : -${YEAR_MS});`;

describe.skipIf(noEngine)("two hosts whose clocks are 60 years apart, or step,", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("clocks");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it("connect as ever: what X forges carries the kernels' own timestamps, and nobody compares times", async () => {
    const cell = cellOf(
      "{ technique: natblaster-2, options: { syn: low-ttl }, timeExceeded: [drop], na: [preserve], nb: [preserve], expect: [{ verdict: direct }] }",
    );
    await cleanWorld(world);
    await Promise.all(layersOf(cell).map(({ at, gateway }) => loadLayer(world, at, gateway)));
    const attempts = JSON.stringify({ it: { technique: cell.technique, deadlineMs: 8_000 } });
    const play = async (side: "a" | "b", byMs: number): Promise<unknown> => {
      const script = `echo '${attempts}' > /tmp/attempts.json; NATBED_NODE=${side} NATBED_X=${ADDRESS.x} NATBED_ATTEMPTS=/tmp/attempts.json exec ${NODE} --import "$0" /opt/natbed/agents/attempt.js it clocks`;
      const argv = ["sh", "-c", script, shifted(byMs)];
      const { stdout, stderr } = await world.agent(side).call("exec", { argv }, 60_000);
      const lines = stdout.trim().split("\n");
      const years = lines
        .map((line) => JSON.parse(line) as { atUs?: number })
        .flatMap(({ atUs }) => (atUs ? [atUs / 1e3 / YEAR_MS] : []));
      return {
        stderr,
        years: Math.round((years[0] ?? 0) - Date.now() / YEAR_MS),
        result: JSON.parse(lines.at(-1) ?? "null"),
      };
    };
    const [a, b] = await Promise.all([play("a", 30 * YEAR_MS), play("b", -30 * YEAR_MS)]);
    expect(a).toMatchObject({ stderr: "", years: 30, result: { ok: true, intact: true } });
    expect(b).toMatchObject({ stderr: "", years: -30, result: { ok: true, intact: true } });
  });

  it("find a plan and its connection while their clocks step a year to and fro with every look at them", async () => {
    const cell = cellOf(
      "{ technique: auto, timeExceeded: [drop], unsolicitedSyn: [reset], na: [preserve], nb: [preserve], expect: [{ verdict: direct }] }",
    );
    await cleanWorld(world);
    await Promise.all(layersOf(cell).map(({ at, gateway }) => loadLayer(world, at, gateway)));
    const play = async (side: "a" | "b") => {
      const script = `echo from ${side} | ${NODE} --import "$0" /opt/natbed/agents/natbed-host.js --x ${ADDRESS.x} --session clocks`;
      return world.agent(side).call("exec", { argv: ["sh", "-c", script, STEPPING] }, 60_000);
    };
    const [a, b] = await Promise.all([play("a"), play("b")]);
    for (const { stderr } of [a, b]) expect(stderr).toContain("connected directly by stunt-2 after");
    expect([a.stdout, b.stdout]).toEqual(["from b\n", "from a\n"]);
  });
});
