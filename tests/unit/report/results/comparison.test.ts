import { describe, expect, it } from "vitest";
import { AROUND, OF_NATS, type Behaviour } from "../../../../orchestrator/report/results/behaviours.ts";
import { compare, type Effect } from "../../../../orchestrator/report/results/comparison.ts";
import { parseScenario } from "../../../../orchestrator/scenario/load.ts";
import { asExpected } from "./as-expected.ts";

const BEHAVIOURS: readonly Behaviour[] = [...OF_NATS, ...AROUND];

/** By technique, the effects that the cells of a matrix show, by behaviour. */
function effectsOf(scenario: string): Record<string, Record<string, Effect>> {
  const { cells } = parseScenario("x.yaml", `name: x\n${scenario}`);
  return Object.fromEntries(
    compare(cells.map(asExpected), BEHAVIOURS).map(({ technique, effects }) => [
      technique,
      Object.fromEntries(BEHAVIOURS.flatMap(({ name }, at) => (effects[at] ? [[name, effects[at]] as const] : []))),
    ]),
  );
}

const unmoved = (pairs: number): Effect => ({ unmoved: pairs, broken: 0, helped: 0, causes: [] });

it("a limit of sessions is held against the same NAT without one", () => {
  const effects = effectsOf(`
nats:
  unlimited: { extends: symmetric-random }
  limited: { extends: symmetric-random, sessionLimit: 40 }
matrix:
  - technique: natblaster-6
    na: [unlimited]
    nb: [unlimited, limited]
    expect:
      - { when: { nb: limited }, verdict: blocked, cause: port-exhausted }
      - verdict: direct
`);
  const exhausted = { unmoved: 0, broken: 1, helped: 0, causes: ["port-exhausted"] };
  expect(effects).toEqual({ "natblaster-6": { "sessions limited": exhausted } });
});

it("the relay works where it relays, and auto only where it is direct", () => {
  const { cells } = parseScenario(
    "x.yaml",
    `name: x
matrix:
  - { technique: relay, na: [random], nb: [random], expect: [{ verdict: relayed }] }
  - technique: auto
    na: [preserve, random]
    nb: [random]
    expect:
      - { when: { na.ports: random }, verdict: relayed }
      - verdict: direct
`,
  );
  const works = compare(cells.map(asExpected), BEHAVIOURS).map(({ technique, works, of }) => [technique, works, of]);
  expect(works).toEqual([
    ["relay", 1, 1],
    ["auto", 1, 2],
  ]);
});

describe("a behaviour's effect on a technique", () => {
  it("is read off pairs of cells that differ in it alone", () => {
    const effects = effectsOf(`matrix:
  - technique: natblaster-2
    na: [preserve, random]
    nb: [preserve]
    unsolicitedSyn: [drop, reset]
    timeExceeded: [drop, translate]
    expect:
      - { when: { timeExceeded: translate }, verdict: blocked, cause: icmp-killed-connect }
      - { when: { na.ports: random }, verdict: blocked, cause: mapping-mispredicted }
      - verdict: direct
`);
    expect(effects).toEqual({
      "natblaster-2 low-ttl": {
        "NA random": { unmoved: 0, broken: 2, helped: 0, causes: ["mapping-mispredicted"] },
        RST: unmoved(1),
        "time-exceeded": { unmoved: 0, broken: 2, helped: 0, causes: ["icmp-killed-connect"] },
      },
    });
  });

  it("may be a help: what is blocked without it", () => {
    const effects = effectsOf(`
nats: { liberal: { extends: preserve, windowTracking: liberal } }
matrix:
  - technique: sequential-open
    na: [preserve, liberal]
    nb: [preserve]
    expect:
      - { when: { na: liberal }, verdict: direct }
      - { verdict: blocked, cause: out-of-state-leak }
`);
    expect(effects["sequential-open"]).toEqual({ "windows ignored": { unmoved: 0, broken: 0, helped: 1, causes: [] } });
  });

  it("is not made up where the other half of a pair is missing, or is another experiment", () => {
    const effects = effectsOf(`matrix:
  - technique: simultaneous-open
    na: [preserve]
    nb: [preserve]
    unsolicitedSyn: [reset]
    expect: [{ verdict: blocked, cause: reset-by-nat }]
  - technique: simultaneous-open
    options: { skewMs: 40 }
    block: later
    na: [preserve]
    nb: [preserve]
    expect: [{ verdict: direct }]
`);
    expect(effects).toEqual({ "simultaneous-open": {} });
  });

  it("is seen under other names of the same NAT, and around the NATs", () => {
    const effects = effectsOf(`matrix:
  - technique: simultaneous-open
    na: [linux-closed-input]
    nb: [linux-closed-input]
    core: [{ antiSpoofing: true }, { delayMs: 20 }]
    expect: [{ verdict: direct }]
  - technique: simultaneous-open
    block: plain
    na: [preserve]
    nb: [preserve]
    expect: [{ verdict: direct }]
  - technique: simultaneous-open
    options: { predictionOffset: 7 }
    na: [preserve]
    nb: [preserve]
    expect: [{ verdict: blocked, cause: mapping-mispredicted }]
`);
    expect(effects).toEqual({
      "simultaneous-open": {
        delay: unmoved(1),
        "anti-spoofing": unmoved(1),
        mispredicted: { unmoved: 0, broken: 1, helped: 0, causes: ["mapping-mispredicted"] },
      },
    });
  });

  it("leaves out cells that only ask how often", () => {
    const effects = effectsOf(`matrix:
  - technique: simultaneous-open
    na: [preserve]
    nb: [preserve]
    unsolicitedSyn: [drop, reset]
    expect: [{ verdict: direct, rate: { from: 0, to: 1 } }]
`);
    expect(effects).toEqual({});
  });
});
