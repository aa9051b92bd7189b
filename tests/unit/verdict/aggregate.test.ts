import { describe, expect, it } from "vitest";
import type { Expectation, Outcome } from "../../../orchestrator/verdict/outcome.ts";
import { aggregate, contradiction, contradicts } from "../../../orchestrator/verdict/aggregate.ts";
import type { Cause } from "../../../orchestrator/verdict/outcome.ts";
import type { TechniqueSpec } from "../../../wire/technique.ts";

const proof = { handshake: "plain", points: [], connectMs: 1 } as const;
const direct: Outcome = { verdict: "direct", why: "it is", proof };
const relayed: Outcome = { verdict: "relayed", why: "through X", via: "x" };
const invalid: Outcome = { verdict: "invalid", why: "broken", fault: { code: "attempt-spoiled", message: "broken" } };
const unknown: Outcome = { verdict: "unknown", why: "not whole", missing: ["a digest"] };
const blocked = (cause: Cause): Outcome => ({ verdict: "blocked", why: `it is ${cause}`, cause, at: "nb" });

const BIRTHDAY: TechniqueSpec = {
  name: "natblaster-4",
  search: "birthday",
  syns: 439,
  predictionOffset: 0,
  gapMs: 0,
  skewMs: 0,
};
const PUNCH: TechniqueSpec = {
  name: "natblaster-2",
  syn: "normal",
  synAck: "x",
  predictionOffset: 0,
  gapMs: 0,
  skewMs: 0,
};

describe("all trials of a cell together", () => {
  it.each([
    [
      "one direct among blocked ones is direct",
      [blocked("filtered"), direct, blocked("filtered")],
      "direct",
      undefined,
    ],
    ["the commonest cause stands", [blocked("filtered"), blocked("timeout"), blocked("timeout")], "blocked", "timeout"],
    ["of equally common causes the first", [blocked("filtered"), blocked("timeout")], "blocked", "filtered"],
    [
      "a lost lottery stands only where nothing else does",
      [blocked("no-collision"), blocked("no-collision"), blocked("mapping-mispredicted")],
      "blocked",
      "mapping-mispredicted",
    ],
    ["nothing but lost lotteries", [blocked("no-collision"), blocked("no-collision")], "blocked", "no-collision"],
    ["an invalid trial taints a direct one", [direct, invalid], "invalid", undefined],
    ["an unknown trial taints a blocked one", [blocked("filtered"), unknown], "unknown", undefined],
    ["relayed stands before blocked", [blocked("timeout"), relayed], "relayed", undefined],
  ] as const)("%s", (_, outcomes, verdict, cause) => {
    const { direct: count, ...whole } = aggregate(outcomes);
    const same = outcomes.find((one) => one.verdict === verdict && (one.verdict !== "blocked" || one.cause === cause));
    expect(whole).toEqual({ verdict, why: same!.why, ...(cause === undefined ? {} : { cause }) });
    expect(count).toEqual({ count: outcomes.filter((one) => one.verdict === "direct").length, of: outcomes.length });
  });

  it("of a single trial is that trial, without a count", () => {
    expect(aggregate([direct])).toEqual({ verdict: "direct", why: "it is" });
  });

  it("of none is refused", () => {
    expect(() => aggregate([])).toThrow("a cell without trials has no outcome");
  });
});

describe("an outcome", () => {
  const filtered: Expectation = { verdict: "blocked", cause: "filtered" };

  it.each([
    ["as expected", { verdict: "direct" }, direct, false],
    ["blocked, but direct expected", { verdict: "direct" }, blocked("filtered"), true],
    ["direct, but blocked expected", filtered, direct, true],
    ["blocked as expected", filtered, blocked("filtered"), false],
    ["blocked for another cause", filtered, blocked("timeout"), true],
    ["relayed, but direct expected", { verdict: "direct" }, relayed, true],
    ["direct, but relayed expected", { verdict: "relayed" }, direct, true],
    ["relayed as expected", { verdict: "relayed" }, relayed, false],
    ["invalid", filtered, invalid, false],
    ["unknown", { verdict: "direct" }, unknown, false],
  ] as const)("that is %s contradicts the scenario: %o against %o: %s", (_, expected, outcome, odd) => {
    expect(contradicts(expected, outcome)).toBe(odd);
    expect(contradiction({ expected, technique: PUNCH }, [outcome])).toBe(odd ? outcome : undefined);
  });
});

describe("a cell with several trials", () => {
  const mispredicted: Expectation = { verdict: "blocked", cause: "mapping-mispredicted" };
  const trials = [blocked("mapping-mispredicted"), blocked("no-collision")];

  it("is a surprise when any of its trials is", () => {
    const expected = { verdict: "direct" } as const;
    const odd = blocked("filtered");
    expect(contradiction({ expected, technique: PUNCH }, [direct, odd])).toBe(odd);
    expect(contradiction({ expected, technique: PUNCH }, [direct, direct])).toBeUndefined();
  });

  it("of the birthday may lose its lottery without a surprise, a deterministic technique may not", () => {
    expect(contradiction({ expected: mispredicted, technique: BIRTHDAY }, trials)).toBeUndefined();
    expect(contradiction({ expected: mispredicted, technique: PUNCH }, trials)).toBe(trials[1]);
  });

  it("of the birthday is a surprise for any other cause, and when it works where it must not", () => {
    const filtered = blocked("filtered");
    expect(contradiction({ expected: mispredicted, technique: BIRTHDAY }, [...trials, filtered])).toBe(filtered);
    expect(contradiction({ expected: mispredicted, technique: BIRTHDAY }, [...trials, direct])).toBe(direct);
  });

  it("has no lottery where there is one trial only", () => {
    const missed = blocked("no-collision");
    expect(contradiction({ expected: mispredicted, technique: BIRTHDAY }, [missed])).toBe(missed);
  });
});
