import { describe, expect, it } from "vitest";
import { PLAIN_CORE } from "../../../wire/control.ts";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { entry, problemsOf } from "./problems.ts";

const punch = (lines: string, expectations = "[{ verdict: direct }]"): string =>
  entry(`technique: simultaneous-open\nna: [preserve]\nnb: [preserve]\n${lines}\nexpect: ${expectations}`);
const cellsOf = (lines: string, expectations?: string) => parseScenario("x.yaml", punch(lines, expectations)).cells;
const carrierNat = (name: keyof typeof NATS) => ({
  kind: "nat",
  name,
  model: completeModel({ unsolicitedSyn: "drop", timeExceeded: "translate", ...NATS[name].axes }),
});

describe("the core", () => {
  it("is plain where nothing is said, and otherwise differs in what is said", () => {
    expect(cellsOf("")[0]!.core).toEqual(PLAIN_CORE);
    expect(cellsOf("core: { delayMs: 20, antiSpoofing: true }")[0]!.core).toEqual({
      ...PLAIN_CORE,
      delayMs: 20,
      antiSpoofing: true,
    });
  });

  it("may be a list: a cell for each, told apart by what is not plain", () => {
    const all = "{ icmp: off, sourceRoute: forward, antiSpoofing: true, delayMs: 5, lossPercent: 0.5, extraHops: 2 }";
    expect(cellsOf(`core: [{}, { delayMs: 20 }, ${all}]`).map(({ id }) => id)).toEqual([
      "simultaneous-open.preserve~preserve.drop.te-translate",
      "simultaneous-open.preserve~preserve.drop.te-translate.core-20ms",
      "simultaneous-open.preserve~preserve.drop.te-translate.core-icmp-off+lsrr-forward+anti-spoofing+5ms+loss-0.5+hops-2",
    ]);
  });

  it.each([
    ["an unknown key", "core: { delay: 5 }", /core\.delay: unknown key; did you mean delayMs\?/],
    [
      "a key unlike any",
      "core: { jitter: 5 }",
      /core\.jitter: unknown key, allowed: icmp, sourceRoute, antiSpoofing, delayMs, /,
    ],
    ["too long a delay", "core: { delayMs: 401 }", /core\.delayMs: received 401, must be at most 400/],
    ["a delay backwards", "core: [{ delayMs: -1 }]", /core\[0\]\.delayMs: received -1, must be at least 0/],
    ["too much loss", "core: { lossPercent: 51 }", /core\.lossPercent: received 51, must be at most 50/],
    ["too many hops", "core: { extraHops: 9 }", /core\.extraHops: received 9, must be at most 8/],
    ["half a hop", "core: { extraHops: 0.5 }", /core\.extraHops: received 0\.5, expected a whole number/],
    ["an unknown value", "core: { icmp: none }", /core\.icmp: received "none", allowed: on, off/],
    ["an unknown route", "core: { sourceRoute: forwrd }", /core\.sourceRoute: .*did you mean forward\?/],
    ["no boolean", "core: { antiSpoofing: 1 }", /core\.antiSpoofing: received 1, expected boolean/],
    ["the same twice", "core: [{}, { delayMs: 0 }]", /the same entry: a list names something twice/],
  ])("is refused for %s", (_, lines, problem) => {
    expect(problemsOf(punch(lines))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("carriers", () => {
  it("stand before one side, each, or both", () => {
    const cells = cellsOf(
      "carrier: [none, { a: carrier-grade }, { a: carrier-grade, b: preserve }, { shared: carrier-grade }]",
    );
    expect(cells.map(({ carrier }) => carrier)).toEqual([
      undefined,
      { kind: "each", a: carrierNat("carrier-grade") },
      { kind: "each", a: carrierNat("carrier-grade"), b: carrierNat("preserve") },
      { kind: "shared", nat: carrierNat("carrier-grade") },
    ]);
    expect(cells.map(({ id }) => id.replace("simultaneous-open.preserve~preserve.drop.te-translate", ""))).toEqual([
      "",
      ".behind-carrier-grade~none",
      ".behind-carrier-grade~preserve",
      ".behind-shared~carrier-grade",
    ]);
  });

  it("keep their own policy whatever the entry's is", () => {
    const [cell] = cellsOf("unsolicitedSyn: [reset]\ntimeExceeded: [drop]\ncarrier: { shared: sequential }");
    expect(cell).toMatchObject({
      na: { model: { unsolicitedSyn: "reset", timeExceeded: "drop" } },
      carrier: { nat: { model: { unsolicitedSyn: "drop", timeExceeded: "translate" } } },
    });
  });

  it.each([
    [
      "an unknown NAT",
      "carrier: { a: carrier-grad }",
      /carrier\.a: received "carrier-grad", .*did you mean carrier-grade\?/,
    ],
    ["an unknown place", "carrier: { share: carrier-grade }", /carrier\.share: unknown key; did you mean shared\?/],
    ["no NAT", "carrier: {}", /carrier: names no NAT; give it a, b or shared/],
    ["no NAT in a list", "carrier: [none, {}]", /carrier\[1\]: names no NAT/],
    ["a router", "carrier: { a: none }", /carrier: a carrier is a NAT; leave the side out/],
    ["one too many", "carrier: { a: preserve, shared: preserve }", /carrier: shared is the one carrier of both sides/],
  ])("are refused for %s", (_, lines, problem) => {
    expect(problemsOf(punch(lines))).toEqual([expect.stringMatching(problem)]);
  });

  it("are refused for the control without NATs", () => {
    const text = entry(
      "technique: public\nna: [none]\nnb: [none]\ncarrier: { shared: preserve }\nexpect: [{ verdict: direct }]",
    );
    expect(problemsOf(text)).toEqual([expect.stringMatching(/carrier: technique public is the control without NATs/)]);
  });
});

describe("a neighbour", () => {
  it.each([
    ["{ everyMs: 10 }", { a: { everyMs: 10 } }, "simultaneous-open, neighbour every 10 ms"],
    ["{ everyMs: 10, beside: [b] }", { b: { everyMs: 10 } }, "simultaneous-open, neighbour of B every 10 ms"],
    [
      "{ everyMs: 7, beside: [a, b] }",
      { a: { everyMs: 7 }, b: { everyMs: 7 } },
      "simultaneous-open, neighbours every 7 ms",
    ],
    [
      "{ everyMs: 40, arrivals: poisson }",
      { a: { everyMs: 40, arrivals: "poisson" } },
      "simultaneous-open, neighbour at random, on average every 40 ms",
    ],
  ])("%s is beside whom it says, A by default", (words, neighbours, block) => {
    expect(cellsOf(`neighbour: ${words}`)[0]).toMatchObject({ neighbours, block });
  });

  it.each([
    ["beside nobody", "neighbour: { everyMs: 5, beside: [] }", /beside: received \[\], needs at least 1 item/],
    ["beside somebody else", "neighbour: { everyMs: 5, beside: [c] }", /beside\[0\]: received "c", allowed: a, b/],
    ["with a rhythm of its own", "neighbour: { everyMs: 5, arrivals: bursts }", /arrivals: received "bursts"/],
    ["without a pace", "neighbour: { beside: [a] }", /everyMs: missing, expected number/],
  ])("is refused %s", (_, lines, problem) => {
    expect(problemsOf(punch(lines))).toEqual([expect.stringMatching(problem)]);
  });
});

describe("conditions", () => {
  const rules = (when: string) => `[{ when: ${when}, verdict: blocked, cause: timeout }, { verdict: direct }]`;
  const lists =
    "timeExceeded: [translate, drop]\ncore: [{}, { delayMs: 20, antiSpoofing: true }]\ncarrier: [none, { a: openwrt }]";
  const fitting = (when: string) =>
    cellsOf(lists, rules(when)).filter(({ expected }) => expected.verdict === "blocked").length;

  it.each([
    ["{ core.delayMs: 20 }", 4],
    ["{ core.delayMs: [5, 20], core.antiSpoofing: true }", 4],
    ["{ carrier: each }", 4],
    ["{ carrier.a: openwrt, carrier.b: none }", 4],
    ["{ na.timeExceeded: drop, nb.timeExceeded: [drop] }", 4],
    ["{ na.hairpin: false, core.delayMs: 0 }", 4],
    ["{ na.mapping: endpoint-independent, carrier: none, core.delayMs: 20, timeExceeded: drop }", 1],
  ])("%s fits %i of 8 cells", (when, count) => {
    expect(fitting(when)).toBe(count);
  });

  it.each([
    ["an unknown axis", "{ na.maping: x }", /when\.na\.maping: unknown key; did you mean na\.mapping\?/],
    [
      "an unknown value",
      "{ nb.filtering: open }",
      /when\.nb\.filtering: received "open", allowed: endpoint-independent/,
    ],
    ["no boolean", "{ na.hairpin: yess }", /when\.na\.hairpin: received "yess", expected boolean/],
    ["an unknown carrier", "{ carrier: both }", /when\.carrier: received "both", allowed: none, each, shared/],
    ["an unknown carrier's NAT", "{ carrier.a: opnwrt }", /when\.carrier\.a: .*did you mean openwrt\?/],
  ])("are refused for %s", (_, when, problem) => {
    expect(problemsOf(punch(lists, rules(when)))).toEqual([expect.stringMatching(problem)]);
  });
});
