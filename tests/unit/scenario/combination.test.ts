import { describe, expect, it } from "vitest";
import { entry, problemsOf } from "./problems.ts";

const dial = "technique: connect\nna: [preserve]\nnb: [random]\n";

describe("an impossible combination", () => {
  it.each([
    [
      "public through a NAT",
      "technique: public\nna: [preserve]\nnb: [none]\nexpect: [{ verdict: direct }]",
      /na\[0\]: technique public is the control without NATs/,
    ],
    [
      "P2PNAT without any NAT",
      "technique: p2pnat\nna: [none]\nnb: [preserve]\nexpect: [{ verdict: direct }]",
      /technique p2pnat is about NATs: none is for technique public, and for p2pnat behind a shared carrier/,
    ],
    [
      "one host in a private network that the other is not in",
      "technique: p2pnat\nna: [none]\nnb: [preserve]\ncarrier: { shared: preserve }\nexpect: [{ verdict: direct }]",
      /nb\[0\]: both hosts are in one private network or neither is/,
    ],
    [
      "connect without NATs",
      "technique: connect\nna: [preserve]\nnb: [none]\nexpect: [{ verdict: direct }]",
      /nb\[0\]: technique connect is about NATs/,
    ],
    [
      "a direct relay",
      "technique: relay\nna: [random]\nnb: [random]\nexpect: [{ verdict: direct }]",
      /relay sends every byte through X/,
    ],
    ["a relayed dial", `${dial}expect: [{ verdict: relayed }]`, /only techniques relay and auto can be relayed/],
    [
      "a rate where nothing is by chance",
      `${dial}expect: [{ verdict: direct, rate: 0.5 }]`,
      /technique connect leaves nothing to chance here; rate is for natblaster-4 with a birthday, natblaster-6, /,
    ],
    [
      "a rate of an ACK sweep, which finds every port",
      "technique: natblaster-4\noptions: { search: ack-sweep }\nna: [random]\nnb: [preserve]\nexpect: [{ verdict: direct, rate: 0.5 }]",
      /technique natblaster-4 leaves nothing to chance here; .* and where there is a neighbour or the core loses packets$/,
    ],
    [
      "a rate with a core that loses nothing",
      `${dial}core: [{ lossPercent: 0 }, { delayMs: 20 }]\nexpect: [{ verdict: direct, rate: 0.5 }]`,
      /technique connect leaves nothing to chance here/,
    ],
    [
      "a collision without a birthday",
      `${dial}expect: [{ verdict: blocked, cause: no-collision }]`,
      /technique connect has none/,
    ],
    [
      "a neighbour without a prediction",
      `${dial}neighbour: { everyMs: 5 }\nexpect: [{ verdict: direct }]`,
      /predicts nothing/,
    ],
    [
      "a NAT's policy without a NAT",
      "technique: public\nna: [none]\nnb: [none]\nunsolicitedSyn: [drop]\nexpect: [{ verdict: direct }]",
      /no effect without a NAT/,
    ],
  ])("is refused with its reason: %s", (_, lines, problem) => {
    expect(problemsOf(entry(lines))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("a rate", () => {
  it.each([
    ["a core that loses packets", "natblaster-2", "core: { lossPercent: 10 }"],
    ["one of several cores that does", "natblaster-2", "core: [{}, { lossPercent: 10 }]"],
    [
      "an ACK sweep whose packets get lost",
      "natblaster-4",
      "options: { search: ack-sweep }\ncore: { lossPercent: 10 }",
    ],
    ["a neighbour", "natblaster-2", "neighbour: { everyMs: 10 }"],
  ])("can be expected with %s", (_, technique, lines) => {
    const text = entry(
      `technique: ${technique}\nna: [preserve]\nnb: [preserve]\n${lines}\nexpect: [{ verdict: direct, rate: 0.5 }]`,
    );
    expect(problemsOf(text)).toEqual([]);
  });
});
