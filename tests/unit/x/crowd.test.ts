import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION, X_PORTS } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "./station.ts";
import type { Visit } from "./visit.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: X in a crowd (${missing})`);

const CROWD = 10_000;
const PLACES = 8_192;
/** Of open files: what X keeps back, and the two services that share the rest. */
const [RESERVED, SERVICES] = [384, 2];
const hardLimit = Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1]);
const crowdFits = !(hardLimit < CROWD + 500);
if (!crowdFits) console.warn(`skipped: ${CROWD} idle clients (a process here may open ${hardLimit} files)`);

const reasons = (visits: readonly Visit[]): string[] =>
  visits.flatMap(({ heard }) => heard.flatMap(({ reason }) => (reason === undefined ? [] : [reason])));
const count = <T>(all: readonly T[], value: T): number => all.filter((one) => one === value).length;

/** `many` connections that say nothing, a hundred to an address; each is held or refused. */
async function crowd(station: Station, many: number, refused: number): Promise<Visit[]> {
  const visits: Visit[] = [];
  for (let at = 0; at < many; at += 1) {
    visits.push(station.visit(`127.1.${Math.floor(at / 100)}.1`));
    const batch = visits.slice(-200);
    if (at % 200 === 199)
      await until("200 more are connected", () => batch.every(({ connected }) => connected) || undefined, {
        withinMs: 20_000,
      });
  }
  await until(`X refuses ${refused}`, () => reasons(visits).length >= refused || undefined, {
    withinMs: 20_000,
    seen: () => reasons(visits).length,
  });
  return visits;
}

async function isWelcome(station: Station): Promise<void> {
  const visit = station.visit("127.9.9.9");
  visit.say({ t: "hello", v: RENDEZVOUS_VERSION, session: "s", key: "k", role: "a", technique: "connect" });
  await visit.hears("welcome");
  visit.leave();
}

describe.skipIf(missing)("X in a crowd", () => {
  it.skipIf(!crowdFits)(
    "of 10,000 idle clients holds those for which it has places, and gives their places to others ten seconds later",
    { timeout: 90_000 },
    async () => {
      await using station = await Station.open();
      const held = Math.min(PLACES, Math.floor((hardLimit - RESERVED) / SERVICES) || PLACES);
      const [files, memory] = [station.openFiles, station.residentMiB];
      const visits = await crowd(station, CROWD, CROWD - held);
      expect(station.openFiles).toBeLessThanOrEqual(held + RESERVED);
      expect(station.residentMiB - memory).toBeLessThan(200);
      const echo = station.visit("127.9.9.9", X_PORTS.probes[0]);
      await echo.isAnswered(); // other services have places of their own
      echo.leave();
      await until("X has ended all", () => visits.every(({ closed }) => closed) || undefined, { withinMs: 30_000 });
      const all = reasons(visits);
      expect([...new Set(all)].toSorted()).toEqual(["no hello in time", "too many connections"]);
      expect(all).toHaveLength(CROWD);
      await isWelcome(station);
      await until("X has closed its ends", () => station.openFiles <= files + 2 || undefined, {
        withinMs: 10_000,
        seen: () => station.openFiles,
      });
      expect(station.complaints.split("\n").length).toBeLessThan(1_000); // refusals beyond the log's rate are counted
      expect(station.complaints).toMatch(/refused 127\.1\.\d+\.1:\d+: too many connections/);
    },
  );

  it("gives one address 256 places, and another address still gets one", async () => {
    await using station = await Station.open();
    const visits = Array.from({ length: 300 }, () => station.visit("127.1.1.1"));
    const word = "too many connections from your address";
    await until("44 are refused", () => count(reasons(visits), word) >= 44 || undefined, { withinMs: 10_000 });
    await isWelcome(station);
    expect(count(reasons(visits), word)).toBe(44);
  });

  it("holds as many as its limit of open files allows, and refuses the others by name", async () => {
    await using station = await Station.open("prlimit", "--nofile=600");
    const held = (600 - RESERVED) / SERVICES;
    const visits = await crowd(station, 200, 200 - held);
    expect(count(reasons(visits), "too many connections")).toBe(200 - held);
    expect(station.openFiles).toBeLessThan(600);
    for (const visit of visits) visit.leave();
    await Promise.all(visits.map((visit) => visit.isClosed()));
    await isWelcome(station);
  });
});
