import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { CAUSES, type Cause } from "../../../orchestrator/verdict/outcome.ts";
import { sightingsOf } from "../../../orchestrator/verdict/sightings.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import { mustBeBlocked } from "./falsify.ts";
import { recorded, RECORDINGS } from "./recorded/index.ts";

describe("every cause", () => {
  it("has recorded trials that show it", async () => {
    const shown = new Set<Cause>();
    for (const name of RECORDINGS) {
      const { cell, evidence } = await recorded(name);
      const outcome = judge(cell, evidence);
      if (outcome.verdict === "blocked") shown.add(outcome.cause);
    }
    expect(CAUSES.filter((cause) => !shown.has(cause))).toEqual([]);
  });

  it.each(RECORDINGS)("is given in a sentence with endpoints that the captures or conntrack have: %s", async (name) => {
    const { cell, evidence } = await recorded(name);
    const outcome = judge(cell, evidence);
    const { segments, icmp } = sightingsOf(evidence);
    const mappings = Object.values(evidence.events).flatMap((events) =>
      events.flatMap(({ original, reply }) => [original, reply]),
    );
    const known = new Set(
      [...segments, ...icmp, ...mappings].flatMap(({ src, dst }) => [formatEndpoint(src), formatEndpoint(dst)]),
    );
    const named = outcome.why.match(/\d+\.\d+\.\d+\.\d+:\d+/g) ?? [];
    expect(named.filter((endpoint) => !known.has(endpoint))).toEqual([]);
  });
});

describe("spoof-filtered, by a core that checks sources", () => {
  it("is told with how many packets X sent under whose name", async () => {
    const { cell, evidence } = await recorded("spoof-filtered");
    const outcome = mustBeBlocked(judge(cell, evidence));
    const forged = sightingsOf(evidence).segments.filter(
      ({ node, direction, src }) => node === "x" && direction === "out" && src.ip !== "203.0.113.2",
    );
    expect(forged.length).toBeGreaterThan(0);
    expect(outcome).toMatchObject({
      cause: "spoof-filtered",
      at: "r",
      why: `X sent ${forged.length} packets under ${forged[0]!.src.ip}, and none of them arrived at a NAT`,
    });
  });
});

describe("sweep-empty", () => {
  it("is told with the number of ACKs, and with what the one that got in acknowledged", async () => {
    const { cell, evidence } = await recorded("sweep-empty");
    const outcome = mustBeBlocked(judge(cell, evidence));
    expect(outcome).toMatchObject({ cause: "sweep-empty", at: "na" });
    const [, acknowledged, sent] = /acknowledged (\d+), and its SYN had the number (\d+)$/.exec(outcome.why)!;
    const { segments } = sightingsOf(evidence);
    expect(segments).toContainEqual(expect.objectContaining({ node: "a", direction: "in", ack: Number(acknowledged) }));
    expect(segments).toContainEqual(
      expect.objectContaining({ node: "a", direction: "out", kind: "syn", seq: Number(sent) }),
    );
  });
});

describe("timeout", () => {
  it("is told with both agents' own words", async () => {
    const { cell, evidence } = await recorded("timeout");
    const outcome = mustBeBlocked(judge(cell, evidence));
    const { a, b } = evidence.attempts;
    expect(a.ok || b.ok).toBe(false);
    expect(outcome).toMatchObject({ cause: "timeout", at: "r" });
    for (const attempt of [a, b])
      expect(outcome.why).toContain(attempt.ok ? "" : `${attempt.failure}, ${attempt.detail}`);
  });
});
