import { describe, expect, it } from "vitest";
import { judge } from "../../../orchestrator/verdict/judge.ts";
import { formatEndpoint } from "../../../wire/address.ts";
import { NB_OUTSIDE, blocked, seen } from "./blocked.ts";
import { mustBeBlocked, withoutSegments } from "./falsify.ts";
import { recorded } from "./recorded/index.ts";

describe("an outcome that conntrack's state blocked says which packet it took for no part of the connection", () => {
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
});
