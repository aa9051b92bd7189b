import { describe, expect, it } from "vitest";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { sightingsOf, type Segment } from "../../../orchestrator/verdict/sightings.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import type { AttemptResult, NodeId } from "../../../wire/control.ts";
import { mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded, type Recording } from "./recorded/index.ts";

const [NA_OUTSIDE, NB_OUTSIDE] = ["192.0.2.2", "198.51.100.2"];

async function blocked(name: Recording) {
  const { cell, evidence } = await recorded(name);
  const { segments, icmp } = sightingsOf(evidence);
  return { cell, evidence, segments, icmp, outcome: mustBeBlocked(judge(cell, evidence)) };
}

/** Segments of a kind at a place, in order of time. */
function seen(segments: readonly Segment[], where: `${NodeId}:${string} ${"in" | "out"}`, kind: Segment["kind"]) {
  const [place, direction] = where.split(" ");
  const found = segments.filter((one) => `${one.node}:${one.iface}` === place && one.direction === direction);
  return found.filter((one) => one.kind === kind);
}

/** What an agent logged, as its own word beside the packets. */
function logged(evidence: Evidence, node: NodeId, what: string): Record<string, unknown>[] {
  return evidence.logs
    .filter((line) => line.node === node && line.what === what)
    .map(({ detail }) => detail as Record<string, unknown>);
}

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

  it("port-exhausted: the SYN that entered the NAT and never left it", async () => {
    const { outcome, segments } = await blocked("port-exhausted");
    expect(outcome).toMatchObject({ cause: "port-exhausted", at: "na" });
    const [, src, dst] = /^A's SYN from (\S+) to (\S+) entered NA and never left it/.exec(outcome.why) ?? [];
    const entered = seen(segments, "na:in in", "syn").find((syn) => formatEndpoint(syn.src) === src)!;
    expect(formatEndpoint(entered.dst)).toBe(dst);
    expect(seen(segments, "na:out out", "syn").map(({ seq }) => seq)).not.toContain(entered.seq);
    expect(seen(segments, "na:out out", "syn").every(({ src: { port } }) => port >= 20_000 && port <= 20_003)).toBe(
      true,
    );
  });

  it("no-collision: how many SYNs opened the NAT, and how many forged SYN+ACKs came to closed ports", async () => {
    const { outcome, segments } = await blocked("no-collision");
    const forged = seen(segments, "x:wan out", "syn-ack").filter(({ src }) => src.ip === NB_OUTSIDE);
    expect(forged).toHaveLength(3);
    expect(outcome).toMatchObject({
      cause: "no-collision",
      at: "na",
      why: "3 SYNs opened NA and 3 forged SYN+ACKs reached it, none of them at an open port",
    });
  });

  it("mapping-mispredicted: a SYN that hit, and the next one's port", async () => {
    const { outcome, segments } = await blocked("mispredicted-again");
    const [hit, next] = seen(segments, "na:out out", "syn").filter(({ dst }) => dst.ip === NB_OUTSIDE);
    const [aimed] = seen(segments, "b:lan out", "syn").filter(({ dst }) => dst.ip === NA_OUTSIDE);
    expect(aimed!.dst).toEqual(hit!.src);
    expect(outcome).toMatchObject({
      cause: "mapping-mispredicted",
      at: "na",
      why: `NA gave A's SYN to ${formatEndpoint(hit!.dst)} the outside port ${hit!.src.port}, at which B aimed, and the next one, to ${formatEndpoint(next!.dst)}, another: ${next!.src.port}`,
    });
  });

  it("no-collision of ordinary sockets: from how many ports A's SYNs left, and at how many B's aimed", async () => {
    const { cell, evidence, outcome, segments } = await blocked("no-meeting");
    const [a, b] = [seen(segments, "na:out out", "syn"), seen(segments, "nb:out out", "syn")];
    const aims = b.filter(({ dst }) => dst.ip === NA_OUTSIDE);
    expect(new Set(aims.map(({ dst }) => dst.port)).size).toBe(4);
    expect(outcome).toMatchObject({
      cause: "no-collision",
      at: "na",
      why: "A's SYNs left NA from 5 ports and B's aimed at 4, none of them one from which A's went to where B's came from",
    });
    expect(new Set(a.filter(({ dst }) => dst.ip === NB_OUTSIDE).map(({ src }) => src.port)).size).toBe(5);
    // a wrong prediction is no bad luck: where none of B's SYNs left from the port that A aimed at
    const elsewhere = withoutSegments(({ node, iface }) => node === "nb" && iface === "out")(evidence);
    expect(judge(cell, elsewhere)).not.toMatchObject({ cause: "no-collision" });
  });

  it("out-of-state-leak: which packet left under which private address, and which number the NAT expected", async () => {
    const { outcome, segments } = await blocked("out-of-state-leak");
    const syn = seen(segments, "a:lan out", "syn").find(({ dst }) => dst.ip === NB_OUTSIDE)!;
    const answer = seen(segments, "a:lan out", "syn-ack")[0]!;
    expect(answer.seq).not.toBe(syn.seq);
    const leaked = seen(segments, "na:out out", "syn-ack")[0]!;
    expect(leaked.src).toEqual(answer.src);
    const [src, dst] = [formatEndpoint(answer.src), formatEndpoint(answer.dst)];
    expect(outcome).toMatchObject({
      cause: "out-of-state-leak",
      at: "na",
      why: `NA let A's SYN+ACK from ${src} to ${dst} out untranslated, under ${answer.src.ip}: A answers from sequence number ${answer.seq}, and the SYN that opened the mapping had ${syn.seq}; outOfState=leak`,
    });
  });

  it("out-of-state-leak: a SYN+ACK of the host's own making, whose number is the SYN's", async () => {
    const { outcome, segments } = await blocked("out-of-state-answer");
    const [syn, ...none] = seen(segments, "a:lan out", "syn").filter(({ dst }) => dst.ip === NB_OUTSIDE);
    const [answer] = seen(segments, "a:lan out", "syn-ack");
    expect([none, answer!.seq]).toEqual([[], syn!.seq]);
    expect(seen(segments, "na:out out", "syn-ack")[0]!.src).toEqual(answer!.src);
    expect(outcome).toMatchObject({
      cause: "out-of-state-leak",
      at: "na",
      why: `NA let A's SYN+ACK from ${formatEndpoint(answer!.src)} to ${formatEndpoint(answer!.dst)} out untranslated, under ${answer!.src.ip}: its conntrack admits no SYN+ACK after a SYN of the same side; outOfState=leak`,
    });
  });

  it("out-of-state-drop: which packet did not leave", async () => {
    const { outcome, segments } = await blocked("out-of-state-drop");
    const [syn] = seen(segments, "a:lan out", "syn").filter(({ dst }) => dst.ip === NB_OUTSIDE);
    const [answer] = seen(segments, "a:lan out", "syn-ack");
    const [src, dst] = [formatEndpoint(answer!.src), formatEndpoint(answer!.dst)];
    expect(outcome).toMatchObject({ cause: "out-of-state-drop", at: "na" });
    expect(outcome.why).toMatch(new RegExp(`^NA dropped A's (SYN\\+ACK|data) from ${src} to ${dst}: A answers from `));
    expect(outcome.why).toContain(`number ${answer!.seq}, and the SYN that opened the mapping had ${syn!.seq};`);
    expect(outcome.why).toMatch(/; outOfState=drop$/);
  });

  it("out-of-state-drop, not port-exhausted: another try from a port whose mapping outlived the first", async () => {
    const { outcome } = await blocked("out-of-state-again");
    expect(outcome).toMatchObject({
      cause: "out-of-state-drop",
      at: "na",
      why: expect.stringMatching(
        /^NA dropped A's SYN from 10\.1\.0\.2:(\d+) to 198\.51\.100\.2:\d+: A tries again from sequence number \d+, and the SYN that opened the mapping had \d+; outOfState=translate$/,
      ) as string,
    });
  });

  it("out-of-state-drop, not leak, where the packet that entered the NAT is nowhere beyond it", async () => {
    const { cell, evidence } = await recorded("out-of-state-leak");
    const gone = withoutSegments(({ node, iface, kind }) => node === "na" && iface === "out" && kind === "syn-ack");
    expect(mustBeBlocked(judge(cell, gone(evidence)))).toMatchObject({
      cause: "out-of-state-drop",
      why: expect.stringMatching(/^NA dropped A's SYN\+ACK from /) as string,
    });
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

  it("mapping-mispredicted: the port that the NAT gave, and the port that its host had predicted", async () => {
    const { outcome, segments, evidence } = await blocked("mapping-mispredicted");
    const predicted = (logged(evidence, "b", "predicted")[0]!["outside"] as { port: number }).port;
    const given = seen(segments, "nb:out out", "syn").find(({ dst }) => dst.ip === NA_OUTSIDE)!.src.port;
    expect(given).not.toBe(predicted);
    expect(outcome).toMatchObject({
      cause: "mapping-mispredicted",
      at: "nb",
      why: `NB gave B's SYN the outside port ${given}, but it was predicted to be ${predicted}`,
    });
  });

  it("mapping-mispredicted beside a neighbour: that too, and how many connections it opened", async () => {
    const { outcome, segments, evidence } = await blocked("mispredicted-neighbour");
    const predicted = (logged(evidence, "a", "predicted")[0]!["outside"] as { port: number }).port;
    const given = seen(segments, "na:out out", "syn").find(({ dst }) => dst.ip === NB_OUTSIDE)!.src.port;
    expect(given).toBeGreaterThan(predicted);
    const opened = new Set(seen(segments, "na:in2 in", "syn").map(({ src }) => src.port)).size;
    expect(opened).toBe(evidence.neighbourOpened?.a);
    expect(outcome).toMatchObject({
      cause: "mapping-mispredicted",
      at: "na",
      why: `NA gave A's SYN the outside port ${given}, but it was predicted to be ${predicted}; a neighbour opened ${opened} connections meanwhile`,
    });
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
