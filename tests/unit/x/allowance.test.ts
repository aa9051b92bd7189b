import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allowance } from "../../../agents/allowance.ts";
import { refusalLog } from "../../../agents/refusal-log.ts";

describe("an allowance", () => {
  it("gives no more than its burst and what grew since, and never more than its total", () => {
    const takes = fc.array(fc.record({ afterMs: fc.nat(3_000), count: fc.nat(30) }), { maxLength: 60 });
    const limits = fc.record({ burst: fc.nat(50), perSecond: fc.nat(20), total: fc.nat(400) });
    fc.assert(
      fc.property(limits, takes, ({ burst, perSecond, total }, all) => {
        let [now, given] = [0, 0];
        const allowance = new Allowance({ burst, perSecond, total }, () => now);
        for (const { afterMs, count } of all) {
          now += afterMs;
          if (allowance.take(count)) given += count;
          expect(given).toBeLessThanOrEqual(Math.min(total, burst + (now / 1000) * perSecond + 1e-6));
        }
      }),
    );
  });

  it("is given in full to whoever waits, and nothing of it is lost to a refusal", () => {
    let now = 0;
    const allowance = new Allowance({ burst: 10, perSecond: 5 }, () => now);
    expect([allowance.take(11), allowance.take(10), allowance.take(1)]).toEqual([false, true, false]);
    now = 1_000;
    expect([allowance.take(6), allowance.take(5), allowance.take(1)]).toEqual([false, true, false]);
  });
});

describe("the refusal log", () => {
  it("counts what does not fit, and tells nothing of what guests do otherwise", () => {
    let now = 0;
    const lines: string[] = [];
    const log = refusalLog(
      (line) => lines.push(line),
      () => now,
    );
    log("told", { message: { t: "hello", key: "secret" } });
    for (let at = 0; at < 150; at += 1) log("refused", { from: "192.0.2.1:5", reason: `no ${at}` });
    now = 1_000;
    log("failed", { reason: "X failed: EPERM\nat somewhere" });
    expect(lines).toHaveLength(102);
    expect(lines[0]).toBe("refused 192.0.2.1:5: no 0");
    expect(lines.slice(100)).toEqual(["50 more refusals", "failed: X failed: EPERM"]);
  });
});
