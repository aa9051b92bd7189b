import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Evidence } from "../../orchestrator/evidence/types.ts";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import { sightingsOf } from "../../orchestrator/verdict/sightings.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { cellOf } from "../kit/cells.ts";
import { openTestWorld, playCell } from "../kit/world.ts";

const noEngine = inject("noEngine");

const entry = (technique: string, surroundings: string, expected: string): string =>
  `{ technique: ${technique}, na: [preserve], nb: [preserve], ${surroundings}, expect: [{ verdict: ${expected} }] }`;
const lowTtl = (core: string, timeExceeded: "drop" | "translate", expected: string) =>
  cellOf(
    entry("natblaster-2", `options: { syn: low-ttl }, timeExceeded: [${timeExceeded}], core: { ${core} }`, expected),
  );
/** A busy machine may well take some ms from one host's SYN to the other's, or none: between the ways below it decides nothing. */
const SKEW_MS = 60;
const simultaneous = (core: string, unsolicitedSyn: "drop" | "reset", expected: string) =>
  cellOf(
    entry(
      "simultaneous-open",
      `options: { skewMs: ${SKEW_MS} }, unsolicitedSyn: [${unsolicitedSyn}], core: { ${core} }`,
      expected,
    ),
  );

/** What an agent logged under this name. */
function logged<T>({ logs }: Evidence, node: string, what: string): T | undefined {
  return logs.find((log) => log.node === node && log.what === what)?.detail as T | undefined;
}

describe.skipIf(noEngine)("an attempt across the core", () => {
  let world: World;
  beforeAll(async () => {
    world = await openTestWorld("core-attempts");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  it("succeeds at once where delay lets the SYNs of two RST-answering NATs cross", async () => {
    const { evidence, outcome } = await playCell(world, simultaneous("delayMs: 120", "reset", "direct"), "cross/1");
    expect(outcome).toMatchObject({ verdict: "direct", proof: { handshake: "crossed" } });
    expect(logged(evidence, "r", "core")).toMatchObject({ delayMs: 120, heldBy: "nfqueue with timerfd" });
  });

  it("fails there without delay: whoever is first is refused before the other has sent", async () => {
    const cell = simultaneous("delayMs: 0", "reset", "blocked, cause: reset-by-nat");
    const { outcome } = await playCell(world, cell, "cross/2");
    expect(outcome).toMatchObject({ verdict: "blocked", cause: "reset-by-nat" });
  });

  it.each([5, 20, 50])("has time for everything at %i ms one way", async (delayMs) => {
    const { outcome } = await playCell(world, lowTtl(`delayMs: ${delayMs}`, "drop", "direct"), `delay/${delayMs}`);
    expect(outcome).toMatchObject({ verdict: "direct", proof: { handshake: "forged" } });
  });

  it("survives loss", async () => {
    // a SYN that is lost is sent again after a second, the second time after two more
    const cell = { ...simultaneous("delayMs: 10, lossPercent: 3", "drop", "direct"), deadlineMs: 10_000 };
    expect((await playCell(world, cell, "loss/1")).outcome).toMatchObject({ verdict: "direct" });
  });

  it.each([0, 1, 4])("finds the TTL that ends at R, %i routers further away", async (extraHops) => {
    const cell = lowTtl(`extraHops: ${extraHops}`, "drop", "direct");
    const { evidence, outcome } = await playCell(world, cell, `hops/${extraHops}`);
    expect(outcome).toMatchObject({ verdict: "direct" });
    expect(logged(evidence, "a", "ttl-measured")).toEqual({ ttl: 2 + extraHops });
  });

  it("is told by the very router where a TTL ends", async () => {
    const { evidence } = await playCell(world, lowTtl("extraHops: 2", "drop", "direct"), "hops/told");
    const from = sightingsOf(evidence).icmp.filter(({ node, direction }) => node === "na" && direction === "in");
    // the hosts count X's distance with TTLs from 1 on: 1 ends at NA itself
    expect([...new Set(from.map((error) => error.from))].toSorted()).toEqual([
      ADDRESS.rTowardsNa,
      "192.0.2.11",
      "192.0.2.12",
    ]);
  });

  it("is killed by R's time-exceeded, and not where R keeps silent", async () => {
    const killed = lowTtl("icmp: on", "translate", "blocked, cause: icmp-killed-connect");
    const { outcome } = await playCell(world, killed, "icmp/on");
    expect(outcome).toMatchObject({ verdict: "blocked", cause: "icmp-killed-connect" });
    const silent = await playCell(world, lowTtl("icmp: off, extraHops: 1", "translate", "direct"), "icmp/off");
    expect(silent.outcome).toMatchObject({ verdict: "direct" });
    const { icmp } = sightingsOf(silent.evidence);
    expect(icmp.filter(({ node, iface }) => node === "na" && iface === "out")).toEqual([]);
  });

  it("is blocked at R where nobody may send under another's address (BCP 38)", async () => {
    const cell = lowTtl("antiSpoofing: true", "drop", "blocked, cause: spoof-filtered");
    // shorter than the kernel waits before it sends a SYN again (1 s, RFC 6298), which then goes as far as any other
    const { outcome } = await playCell(world, { ...cell, deadlineMs: 800 }, "spoof/1");
    expect(outcome).toMatchObject({ verdict: "blocked", cause: "spoof-filtered", at: "r" });
    const { outcome: without } = await playCell(world, lowTtl("antiSpoofing: false", "drop", "direct"), "spoof/2");
    expect(without).toMatchObject({ verdict: "direct", proof: { handshake: "forged" } });
  });
});
