import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import type { AttemptResult } from "../../../wire/attempt.ts";
import { NA_OUTSIDE, NB_OUTSIDE, blocked, seen } from "./blocked.ts";
import { mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

describe("a blocked outcome names its cause and place, and in a sentence the packets that show it", () => {
  it("icmp-killed-connect: who sent the error, for which SYN, how long after it", async () => {
    const { outcome, segments, icmp, evidence } = await blocked("icmp-killed-connect");
    const { side, other } = outcome.at === "a" ? { side: "a", other: NB_OUTSIDE } : { side: "b", other: NA_OUTSIDE };
    expect(outcome).toMatchObject({ cause: "icmp-killed-connect", at: side });
    const syn = segments.find((one) => one.node === side && one.kind === "syn" && one.dst.ip === other)!;
    const error = icmp.find((one) => one.node === side && one.direction === "in" && one.src.port === syn.src.port)!;
    expect(error.atUs).toBeGreaterThan(syn.atUs);
    const router = side === "a" ? "192.0.2.1" : "198.51.100.1";
    const name = side.toUpperCase();
    const gap = ((error.atUs - syn.atUs) / 1000).toFixed(1);
    expect(outcome.why).toBe(
      `${router} answered ${name}'s SYN to ${formatEndpoint(syn.dst)} (TTL 2) with ICMP time-exceeded, ` +
        `which reached ${name} ${gap} ms after the SYN left and ended its connect(): connect EHOSTUNREACH ${formatEndpoint(syn.dst)}`,
    );
    expect((evidence.attempts[side as "a" | "b"] as { failure: string }).failure).toBe("icmp-leak");
  });

  it("icmp-killed-connect, where the host took the error for a refusal (ECONNREFUSED)", async () => {
    const { evidence, outcome } = await blocked("icmp-refused");
    expect(evidence.attempts.a).toMatchObject({ failure: "peer-nat-reset" });
    expect(outcome.cause).toBe("icmp-killed-connect");
    expect(outcome.why).toMatch(
      /^198\.51\.100\.2 answered A's SYN .* with ICMP destination-unreachable, which reached A /,
    );
  });

  it("icmp-killed-connect, where the technique tries again until a deadline; and only there", async () => {
    const { cell, evidence, outcome } = await blocked("icmp-killed-connect");
    const late: AttemptResult = { ok: false, failure: "deadline", detail: "nothing decisive" };
    const other: AttemptResult = { ok: false, failure: "peer-failed", detail: "deadline" };
    const persistent = { ...evidence, attempts: outcome.at === "a" ? { a: other, b: late } : { a: late, b: other } };
    const technique = {
      name: "simultaneous-open",
      syn: "normal",
      retryMs: 1000,
      predictionOffset: 0,
      gapMs: 0,
      skewMs: 0,
    } as const;
    const judged = mustBeBlocked(judge({ ...cell, technique }, persistent));
    expect(judged).toMatchObject({ cause: "icmp-killed-connect", at: outcome.at });
    expect(judged.why).toMatch(/ended its connect\(\)$/);
    expect(judge(cell, persistent)).not.toMatchObject({ cause: "icmp-killed-connect" });
  });

  it("the SYN that only opens a NAT is none that was filtered: B's counts where B had its turn", async () => {
    const { cell, evidence } = await recorded("filtered");
    const technique = { name: "sequential-open", doomedMs: 1, predictionOffset: 0, gapMs: 0, skewMs: 0 } as const;
    expect(judge({ ...cell, technique }, evidence)).toMatchObject({ cause: "filtered", at: "nb" }); // B never sent one
    const turned = await blocked("filtered-in-turn");
    expect(seen(turned.segments, "nb:out in", "syn")[0]!.src.ip).toBe(NA_OUTSIDE);
    expect(turned.outcome).toMatchObject({ cause: "filtered", at: "na" });
    expect(turned.outcome.why).toMatch(/^NA dropped B's SYN from /);
  });

  it("reset-by-nat: whose SYN, which RST, and the policy that the NAT was given", async () => {
    const { outcome, segments } = await blocked("reset-by-nat");
    const syn = seen(segments, "nb:out in", "syn").find(({ src }) => src.ip === NA_OUTSIDE)!;
    const reset = seen(segments, "nb:out out", "rst").find(({ dst }) => dst.port === syn.src.port)!;
    expect(reset.atUs).toBeGreaterThanOrEqual(syn.atUs);
    const gap = ((reset.atUs - syn.atUs) / 1000).toFixed(1);
    expect(outcome).toMatchObject({
      cause: "reset-by-nat",
      at: "nb",
      why: `NB answered A's SYN from ${formatEndpoint(syn.src)} to ${formatEndpoint(syn.dst)} with RST ${gap} ms after it arrived; unsolicitedSyn=reset`,
    });
  });

  it("reset-by-host: the NAT let the SYN in, and the host refused it, which the NAT passed on", async () => {
    const { outcome, segments } = await blocked("reset-by-host");
    const syn = seen(segments, "b:lan in", "syn").find(({ src }) => src.ip === NA_OUTSIDE)!;
    const reset = seen(segments, "b:lan out", "rst").find(({ dst }) => dst.port === syn.src.port)!;
    expect(seen(segments, "nb:out out", "rst")).not.toEqual([]);
    const gap = ((reset.atUs - syn.atUs) / 1000).toFixed(1);
    expect(outcome).toMatchObject({
      cause: "reset-by-host",
      at: "b",
      why: `B answered A's SYN from ${formatEndpoint(syn.src)} to its port ${syn.dst.port} with RST ${gap} ms after it arrived: the NAT let it in before B had a socket there`,
    });
  });

  it("filtered: whose SYN, from where to where, and how often", async () => {
    const { outcome, segments } = await blocked("filtered");
    const syns = seen(segments, "nb:out in", "syn").filter(({ src }) => src.ip === NA_OUTSIDE);
    expect(outcome).toMatchObject({
      cause: "filtered",
      at: "nb",
      why: `NB dropped A's SYN from ${formatEndpoint(syns[0]!.src)} to ${formatEndpoint(syns[0]!.dst)} without an answer (${syns.length} in all); no mapping admitted it`,
    });
  });

  it("spoof-filtered: X's forged packets that arrived at no NAT", async () => {
    const { cell, evidence } = await recorded("direct-forged");
    const late: AttemptResult = { ok: false, failure: "deadline", detail: "nothing decisive" };
    const stopped = withoutSegments(
      ({ node, kind, src }) => node !== "x" && kind === "syn-ack" && (src.ip === NA_OUTSIDE || src.ip === NB_OUTSIDE),
    )({ ...evidence, attempts: { a: late, b: late } });
    expect(judge(cell, stopped)).toEqual({
      verdict: "blocked",
      cause: "spoof-filtered",
      at: "r",
      why: expect.stringMatching(/^X sent 2 packets under \S+, and none of them arrived at a NAT$/) as string,
    });
  });

  it("timeout: both agents' words, where no packet shows a cause", async () => {
    const { cell, evidence } = await recorded("filtered");
    const nothing = withoutSegments(({ kind, node }) => kind === "syn" && node !== "a")(evidence);
    const outcome = mustBeBlocked(judge(cell, nothing));
    expect(outcome).toMatchObject({ cause: "timeout", at: "r" });
    expect(outcome.why).toMatch(/\(A: deadline, .+; B: (deadline|peer-failed), .+\)$/);
  });

  it("is not even blocked where neither side sent a SYN to the other", async () => {
    const { cell, evidence } = await recorded("filtered");
    const idle = withoutSegments(({ kind }) => kind === "syn")(evidence);
    expect(judge(cell, idle)).toMatchObject({ verdict: "invalid", fault: { code: "attempt-spoiled" } });
  });
});
