import { describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "./station.ts";
import type { Visit } from "./visit.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: X's budgets (${missing})`);

const [A, B] = ["127.0.0.11", "127.0.0.12"] as const;
const WINDOW = 4_096;
/** Seven such are more than the 400,000 packets that docs/x.md says a session may have. */
const FLOOD = 60_000;

async function pair(station: Station): Promise<{ readonly a: Visit; readonly b: Visit }> {
  const visits = { a: station.visit(A), b: station.visit(B) };
  for (const role of ["a", "b"] as const) {
    const session = { v: RENDEZVOUS_VERSION, session: "s", key: "k", technique: "natblaster-4" };
    visits[role].say({ t: "hello", role, ...session });
    await visits[role].hears("welcome");
  }
  await visits.a.hears("paired");
  visits.b.say({ t: "ready", endpoint: { ip: B, port: 40_000 } });
  await visits.a.hears("peer");
  return visits;
}

const packetsOf = ({ heard }: Visit): number =>
  Math.max(0, ...heard.map((message) => ("packets" in message ? Number(message.packets) : 0)));

describe.skipIf(missing)("X's budget of forged packets", () => {
  it("ends a session that has used up its share, and says so", { timeout: 60_000 }, async () => {
    await using station = await Station.asking("--forged-per-second", "1000000");
    const { a } = await pair(station);
    for (let isn = 0; isn < 7; isn += 1) a.say({ t: "flood", isn, count: FLOOD });
    await a.hears("x-failed");
    const reason = "the session has used up its forged packets";
    expect(a.heard.find(({ t }) => t === "x-failed")).toEqual({ t: "x-failed", reason });
    await until("X complains", () => station.complaints.includes(`failed: ${reason}`) || undefined, {
      withinMs: 5_000,
    });
  });

  it("lets a sweep go on no faster than it was set to", { timeout: 60_000 }, async () => {
    await using station = await Station.asking("--forged-per-second", "100");
    const { a, b } = await pair(station);
    const begun = performance.now();
    a.say({ t: "sweep", isn: 7 });
    // 20 seconds' worth at once is 2,000 packets: less than the first window
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect([packetsOf(a), packetsOf(b)]).toEqual([0, 0]);
    expect(performance.now() - begun).toBeLessThan(((WINDOW - 2_000) / 100) * 1_000);
  });

  it("tells both sides of a sweep's windows, and sends no third before the host has heard of one", async () => {
    await using station = await Station.open();
    const { a, b } = await pair(station);
    const words = (): unknown => packetsOf(a) === 2 * WINDOW && packetsOf(b) === 2 * WINDOW;
    a.say({ t: "sweep", isn: 7 });
    await until("two windows were sent", () => words() || undefined, { withinMs: 10_000, seen: () => packetsOf(a) });
    b.say({ t: "heard" });
    a.say({ t: "heard" });
    await until("a third was", () => packetsOf(a) === 3 * WINDOW || undefined, { withinMs: 10_000 });
  });
});
