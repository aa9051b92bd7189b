import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "./station.ts";
import type { Visit } from "./visit.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: hosts that vanish from X (${missing})`);

const [LIVES, CUT_OFF, PEER] = ["127.0.0.31", "127.0.0.32", "127.0.0.33"] as const;
const TAKEN = "role a is taken";

describe.skipIf(missing)("a host whose link is cut, so that no FIN tells X of its end,", () => {
  let station: Station;
  beforeAll(async () => {
    station = await Station.open();
  });
  afterAll(() => station?.[Symbol.asyncDispose]());

  function enter(session: string, role: "a" | "b", from: string): Visit {
    const visit = station.visit(from);
    visit.say({ t: "hello", v: RENDEZVOUS_VERSION, session, key: "k", role, technique: "auto" });
    return visit;
  }

  /** Whether X lets another host with the key take the seat of a. */
  async function isFree(session: string): Promise<boolean> {
    const visit = enter(session, "a", PEER);
    await visit.isAnswered();
    const [answer] = visit.heard;
    visit.leave();
    if (answer?.t !== "welcome") expect(answer).toEqual({ t: "refused", reason: TAKEN });
    return answer?.t === "welcome";
  }

  it(
    "has lost its seat within half a minute, waiting or spoken to; one that only keeps silent has not",
    { timeout: 90_000 },
    async () => {
      const [alone, paired, alive] = [
        enter("alone", "a", CUT_OFF),
        enter("paired", "a", CUT_OFF),
        enter("alive", "a", LIVES),
      ];
      await Promise.all([alone, paired, alive].map((visit) => visit.hears("welcome")));
      const peer = enter("paired", "b", PEER);
      await Promise.all([peer, paired].map((visit) => visit.hears("paired")));
      const since = performance.now();
      for (const way of ["-s", "-d"]) station.sh(`iptables-nft -A INPUT ${way} ${CUT_OFF} -j DROP`);
      peer.say({ t: "begin", step: 1 }); // is sent to the one that is gone, and not acknowledged
      expect(await isFree("alone")).toBe(false);
      expect(await isFree("paired")).toBe(false);
      const freed = async (session: string) => (await isFree(session)) || undefined;
      await until("X misses who waited", () => freed("alone"), { withinMs: 45_000 });
      await peer.hears("peer-left");
      expect(await isFree("paired")).toBe(true);
      expect(performance.now() - since).toBeGreaterThan(10_000); // a short break is no end
      expect(await isFree("alive")).toBe(false);
      expect(alive.closed).toBe(false);
    },
  );
});
