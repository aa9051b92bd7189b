import { afterAll, describe, expect, inject, it } from "vitest";
import { shapeOf, type WorldShape } from "../../orchestrator/plan/shape.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { cellOf } from "../kit/cells.ts";
import { openTestWorld, playCell } from "../kit/world.ts";

const noEngine = inject("noEngine");

const cell = (technique: string, entry: string) =>
  cellOf(
    `{ technique: ${technique}, deadlineMs: 1500, ${entry}, expect: [{ verdict: ${technique === "relay" ? "relayed" : "direct"} }] }`,
  );
const homes = "na: [preserve], nb: [preserve]";
const blocked = (cause: string, at: string) => ({ verdict: "blocked", cause, at });
const direct = (handshake: string) => ({ verdict: "direct", proof: { handshake } });

describe.skipIf(noEngine)("behind more than one NAT", () => {
  let world: World | undefined;
  let shape = "";
  afterAll(() => world?.[Symbol.asyncDispose]());

  /** The one world at a time that fits; cells of a shape stand together below. */
  async function worldFor(wanted: WorldShape): Promise<World> {
    if (world && shape === JSON.stringify(wanted)) return world;
    await world?.[Symbol.asyncDispose]();
    shape = JSON.stringify(wanted);
    return (world = await openTestWorld("layers", wanted));
  }

  it.each([
    [
      "a double NAT at home lets X forge",
      cell("natblaster-2", `${homes}, timeExceeded: [drop], carrier: { a: preserve }`),
      direct("forged"),
    ],
    [
      "carrier-grade NATs on both sides let X forge",
      cell(
        "natblaster-2",
        `${homes}, timeExceeded: [drop], core: { icmp: off }, carrier: { a: carrier-grade, b: carrier-grade }`,
      ),
      direct("forged"),
    ],
    [
      "SYNs cross between two carrier-grade NATs",
      cell("simultaneous-open", `${homes}, carrier: { a: carrier-grade, b: carrier-grade }`),
      direct("crossed"),
    ],
    [
      "a carrier that gives ports at random breaks what the home NAT keeps, and is named",
      cell(
        "natblaster-2",
        `${homes}, timeExceeded: [drop], core: { icmp: off }, carrier: { a: symmetric-random, b: preserve }`,
      ),
      blocked("mapping-mispredicted", "ca"),
    ],
    [
      "a stranger's SYN passes an open carrier and ends at the home NAT",
      cell("connect", `${homes}, carrier: { a: preserve, b: full-cone }`),
      blocked("filtered", "nb"),
    ],
    [
      "two subscribers meet at their carrier's hairpin",
      cell("simultaneous-open", `${homes}, carrier: { shared: carrier-grade }`),
      direct("crossed"),
    ],
    [
      "two subscribers of a carrier without hairpin do not meet, and it answers as to any stranger: silently",
      cell("simultaneous-open", `${homes}, carrier: { shared: port-restricted }`),
      blocked("filtered", "c"),
    ],
    [
      "or with RST",
      cell("simultaneous-open", `${homes}, carrier: { shared: linux-masquerade }`),
      blocked("reset-by-nat", "c"),
    ],
    [
      "X cannot forge what one subscriber of a carrier sends another",
      cell("natblaster-2", `${homes}, timeExceeded: [drop], carrier: { shared: preserve }`),
      blocked("spoof-filtered", "c"),
    ],
    [
      "X relays between two subscribers of one carrier",
      cell("relay", `${homes}, carrier: { shared: preserve }`),
      { verdict: "relayed" },
    ],
    [
      "a neighbour of B behind a carrier takes the port that was predicted of a sequential NAT",
      cell(
        "natblaster-2",
        "na: [preserve], nb: [sequential], timeExceeded: [drop], options: { gapMs: 60 }, neighbour: { everyMs: 10, beside: [b] }, carrier: { b: preserve }",
      ),
      blocked("mapping-mispredicted", "nb"),
    ],
  ])("%s", async (_, wanted, outcome) => {
    const played = await playCell(await worldFor(shapeOf(wanted)), wanted, `layers/${wanted.id}`);
    expect(played.outcome, played.outcome.why).toMatchObject(outcome);
  });
});
