import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import type { Outcome } from "../../../orchestrator/verdict/outcome.ts";
import { claim, endpoint } from "./falsify.ts";
import { recorded, type Recording } from "./recorded/index.ts";

const NOT_DIRECT = [
  "relayed",
  "icmp-killed-connect",
  "port-exhausted",
  "no-collision",
  "mapping-mispredicted",
  "mispredicted-neighbour",
  "reset-by-nat",
  "filtered",
] as const satisfies readonly Recording[];

const HOST = { a: "10.1.0.2", b: "10.2.0.2" };
const OUTSIDE = { a: "192.0.2.2", b: "198.51.100.2" };

describe.each(NOT_DIRECT)("agents that lie about %s", (name) => {
  it("are not believed, whatever ports they name and however right their digests are", async () => {
    const { cell, evidence } = await recorded(name);
    const ports = fc.integer({ min: 1024, max: 65_535 });
    fc.assert(
      fc.property(ports, ports, (a, b) => {
        const lie = claim({
          a: { local: endpoint(HOST.a, a), remote: endpoint(OUTSIDE.b, b) },
          b: { local: endpoint(HOST.b, b), remote: endpoint(OUTSIDE.a, a) },
        });
        expect(judge(cell, lie(evidence)).verdict).not.toBe("direct");
      }),
      { numRuns: 8 },
    );
  });

  it("are not believed when they name a tuple that their NATs really hold", async () => {
    const { cell, evidence } = await recorded(name);
    const held = (nat: "na" | "nb") => [...evidence.entries[nat], ...evidence.events[nat]];
    const sample = <T>(records: readonly T[]): T[] =>
      records.filter((_, index) => index % Math.ceil(records.length / 3) === 0);
    const toPeer = (nat: "na" | "nb", ip: string) => held(nat).filter(({ original }) => original.dst.ip === ip);
    const pairs = [...sample(held("na")), ...sample(toPeer("na", OUTSIDE.b))].flatMap(({ original: a }) =>
      [...sample(held("nb")), ...sample(toPeer("nb", OUTSIDE.a))].map(({ original: b }) => ({ a, b })),
    );
    expect(pairs.length).toBeGreaterThan(0);
    for (const { a, b } of pairs) {
      const lie = claim({ a: { local: a.src, remote: a.dst }, b: { local: b.src, remote: b.dst } });
      const outcome = judge(cell, lie(evidence));
      expect(outcome.verdict).not.toBe("direct");
      if (outcome.verdict === "unknown") expect(outcome.missing.length).toBeGreaterThan(1);
    }
  });

  it("are not believed even with assured entries of their invention in both NATs", async () => {
    const { cell, evidence } = await recorded(name);
    const [a, b] = [endpoint(OUTSIDE.a, 2000), endpoint(OUTSIDE.b, 3000)];
    const [inA, inB] = [endpoint(HOST.a, 2000), endpoint(HOST.b, 3000)];
    const common = { event: "entry", atUs: 1, id: 1, protocol: 6, state: "ESTABLISHED", assured: true } as const;
    const entries = {
      na: [{ ...common, original: { src: inA, dst: b }, reply: { src: b, dst: a } }],
      nb: [{ ...common, original: { src: inB, dst: a }, reply: { src: a, dst: b } }],
    };
    const lie = claim({ a: { local: inA, remote: b }, b: { local: inB, remote: a } });
    const outcome = judge(cell, lie({ ...evidence, entries }));
    expect(outcome.verdict).toBe("unknown");
    expect((outcome as Extract<Outcome, { verdict: "unknown" }>).missing).toEqual(
      expect.arrayContaining([
        "no payload with B's nonce from 198.51.100.2 on A's LAN",
        "no payload with A's nonce from 192.0.2.2 on B's LAN",
      ]),
    );
  });
});

describe("one agent that lies", () => {
  it("changes nothing: the other's failure and the packets decide", async () => {
    const { cell, evidence } = await recorded("reset-by-nat");
    const ok = { ok: true, local: endpoint(HOST.b, 5), remote: endpoint(OUTSIDE.a, 5), connectMs: 1 } as const;
    const outcome = judge(cell, { ...evidence, attempts: { ...evidence.attempts, b: ok } });
    expect(outcome).toMatchObject({ verdict: "blocked", cause: "reset-by-nat", at: "nb" });
  });
});
