import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import { NA_OUTSIDE, NB_OUTSIDE, blocked, logged, seen } from "./blocked.ts";
import { withoutSegments } from "./falsify.ts";

describe("an outcome that a NAT's ports blocked says which ports they were", () => {
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
});
