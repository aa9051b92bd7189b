import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planAttempt } from "../../../orchestrator/world/attempt.ts";
import { PLAIN_CORE } from "../../../wire/control.ts";
import { parseHostMessage, RENDEZVOUS_VERSION } from "../../../wire/rendezvous.ts";

const CELL = { technique: { name: "relay" }, deadlineMs: 1500, core: PLAIN_CORE } as const;
/** Ports that one attempt may use from its first one on (wire/attempt.ts). */
const WINDOW = 64;
/** Where the hosts' kernels begin to choose on their own (ip_local_port_range). */
const EPHEMERAL = 60_000;

describe("the plan of an attempt", () => {
  it("follows from cell and seed alone (I-7)", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        expect(planAttempt(CELL, seed)).toEqual(planAttempt(CELL, seed));
      }),
    );
  });

  it("of another seed has another session, key and nonces", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other);
        const [first, second] = [planAttempt(CELL, one), planAttempt(CELL, other)];
        expect(first.session).not.toBe(second.session);
        expect(first.key).not.toBe(second.key);
        expect(first.exchangeSeeds).not.toEqual(second.exchangeSeeds);
      }),
    );
  });

  it.each(["a", "b"] as const)(
    "gives %s a window of local ports below the kernel's own, and away from the flood's",
    (role) => {
      const firsts = Array.from({ length: 500 }, (_, seed) => planAttempt(CELL, `1/cell/${seed}`)[role].localPort);
      for (const first of firsts) {
        expect((first - 50_000) % WINDOW).toBe(0);
        expect(first).toBeGreaterThanOrEqual(50_000);
        expect(first + WINDOW).toBeLessThanOrEqual(EPHEMERAL);
      }
      expect(new Set(firsts).size).toBeGreaterThan(100); // of 150 windows
    },
  );

  it("lets A and B differ in their role and their local ports only", () => {
    const { a, b } = planAttempt(CELL, "1");
    expect(a).toEqual({ ...b, role: "a", localPort: a.localPort });
    expect(Math.abs(a.localPort - b.localPort)).toBeGreaterThanOrEqual(WINDOW);
    expect(b.role).toBe("b");
    expect(a).toMatchObject({ technique: CELL.technique, deadlineMs: 1500, x: "203.0.113.2" });
  });

  it("gives each direction of each exchange a seed of its own", () => {
    const { exchangeSeeds, afterCutSeeds } = planAttempt(CELL, "1");
    expect(new Set([...Object.values(exchangeSeeds), ...Object.values(afterCutSeeds)]).size).toBe(4);
  });

  it("names a session and key that the rendezvous accepts", () => {
    fc.assert(
      fc.property(fc.string(), (seed) => {
        const { session, key, a } = planAttempt(CELL, seed);
        const { role, technique } = a;
        const hello = { t: "hello", v: RENDEZVOUS_VERSION, session, key, role, technique: technique.name };
        expect(parseHostMessage(JSON.stringify(hello))).toMatchObject({ ok: true });
      }),
    );
  });
});
