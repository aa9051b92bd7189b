import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { loadScenario, parseScenario } from "../../../orchestrator/scenario/load.ts";
import { TECHNIQUES } from "../../../wire/rendezvous.ts";
import { entry, problemsOf } from "./problems.ts";

/** What `na` and `nb` may name in a file without NATs of its own. */
const GATEWAYS = [...Object.keys(NATS), "none"].join(", ");
const dial = "technique: connect\nna: [preserve]\nnb: [random]\n";

describe("a malformed file", () => {
  it("is refused with the place of every syntax error", () => {
    expect(problemsOf("name: p\nmatrix: [a, b\n  c: d\nname: x\n")).toEqual([
      expect.stringMatching(/^x\.yaml:2:\d+ /),
      expect.stringMatching(/^x\.yaml:4:1 /),
      "x.yaml:4:1 Map keys must be unique",
    ]);
  });

  it("is refused when empty, and when it is not a mapping", () => {
    expect(problemsOf("")).toEqual(["x.yaml:1:1: received null, expected object"]);
    expect(problemsOf("- 1\n")).toEqual(["x.yaml:1:1: received [1], expected object"]);
  });

  it("that is not there is a usage error with its path", async () => {
    await expect(loadScenario("nowhere.yaml")).rejects.toMatchObject({
      message: "cannot read scenario nowhere.yaml",
      kind: "usage",
      code: "scenario-unreadable",
    });
  });
});

describe("what a file says", () => {
  it("is refused with place, path, what came and what is allowed, all problems at once", () => {
    const text = `name: Paper!
defaults: { trials: 0 }
foo: 1
matrix:
  - technique: natblaster-2
    options: { syn: lowttl, skewMs: "3" }
    na: [presrve]
    nb: []
    expct: x
    expect:
      - { when: { na.ports: radom, nb: [foo] }, verdict: blocked }
      - { verdict: drct }
  - technique: natblaster
`;
    expect(problemsOf(text)).toEqual([
      'x.yaml:1:7 name: received "Paper!", expected lower-case letters, digits and hyphens',
      "x.yaml:2:21 defaults.trials: received 0, must be at least 1",
      "x.yaml:3:1 foo: unknown key, allowed: name, describe, defaults, nats, matrix",
      'x.yaml:6:21 matrix[0].options.syn: received "lowttl", allowed: normal, low-ttl; did you mean low-ttl?',
      'x.yaml:6:37 matrix[0].options.skewMs: received "3", expected number',
      `x.yaml:7:10 matrix[0].na[0]: received "presrve", allowed: ${GATEWAYS}; did you mean preserve?`,
      "x.yaml:8:9 matrix[0].nb: received [], needs at least 1 item",
      "x.yaml:9:5 matrix[0].expct: unknown key; did you mean expect?",
      expect.stringMatching(/^x\.yaml:11:9 matrix\[0\]\.expect\[0\]\.cause: missing, allowed: icmp-killed-connect, /),
      'x.yaml:11:29 matrix[0].expect[0].when.na.ports: received "radom", allowed: preserve, sequential, random; did you mean random?',
      `x.yaml:11:41 matrix[0].expect[0].when.nb[0]: received "foo", allowed: ${GATEWAYS}`,
      'x.yaml:12:20 matrix[0].expect[1].verdict: received "drct", allowed: direct, relayed, blocked; did you mean direct?',
      `x.yaml:13:16 matrix[1].technique: received "natblaster", allowed: ${TECHNIQUES.join(", ")}; did you mean natblaster-1?`,
    ]);
  });

  it("may use YAML anchors, whose problems are placed", () => {
    const text = `name: x\nmatrix:\n  - technique: connect\n    na: &nats [presrve]\n    nb: *nats\n    expect: [{ verdict: direct }]\n`;
    expect(problemsOf(text)).toEqual([
      expect.stringMatching(/^x\.yaml:4:16 matrix\[0\]\.na\[0\]/),
      expect.stringMatching(/^x\.yaml:4:16 matrix\[0\]\.nb\[0\]/),
    ]);
  });

  it.each([
    [
      "natblaster-4 with more SYNs than ports",
      "technique: natblaster-4\noptions: { syns: 20001 }",
      /options\.syns: received 20001, must be at most 20000/,
    ],
    ["natblaster-4 without SYNs", "technique: natblaster-4\noptions: { syns: 0 }", /must be at least 1/],
    [
      "a neighbour without a pause",
      "technique: natblaster-4\nneighbour: { everyMs: 0 }",
      /neighbour\.everyMs: received 0/,
    ],
    [
      "an option of another technique",
      "technique: natblaster-4\noptions: { retryMs: 5 }",
      /options\.retryMs: unknown key/,
    ],
    ["options where there are none", "technique: connect\noptions: {}", /options: unknown key/],
  ])("is refused for %s", (_, lines, problem) => {
    expect(problemsOf(entry(`${lines}\nna: [random]\nnb: [preserve]\nexpect: [{ verdict: direct }]`))).toEqual([
      expect.stringMatching(problem),
    ]);
  });
});

describe("an entry that takes over another one by <<", () => {
  const text = `name: x
matrix:
  - &one
    technique: simultaneous-open
    na: [preserve]
    nb: [preserve]
    expect: [{ verdict: direct }]
  - <<: *one
    block: another
    options: { skewMs: 5 }
`;

  it("has what it does not say itself from there", () => {
    const { cells } = parseScenario("x.yaml", text);
    expect(cells.map(({ block }) => block)).toEqual(["simultaneous-open", "another"]);
    expect(cells[1]).toMatchObject({ technique: { skewMs: 5 }, na: cells[0]!.na, expected: { verdict: "direct" } });
  });

  it("is told of a problem in what it took over at its own place", () => {
    expect(problemsOf(text.replace("na: [preserve]", "na: [none]"))).toContainEqual(
      expect.stringMatching(/^x\.yaml:8:\d+ matrix\[1\]\.na\[0\]: technique simultaneous-open is about NATs/),
    );
  });
});

describe("expectations", () => {
  const expectations = (rules: string) =>
    problemsOf(entry(`${dial.replace("[random]", "[random, preserve]")}expect: [${rules}]`));

  const form = "a list of rules such as [{ verdict: direct }], or the word rules";

  it.each([
    ["", `missing, expected ${form}`],
    ["expect: { verdict: direct }\n", `received {"verdict":"direct"}, expected ${form}`],
    ["expect: 3\n", `received 3, expected ${form}`],
    ["expect: direct\n", `received "direct", expected ${form}`],
    ["expect: rule\n", `received "rule", expected ${form}; did you mean rules?`],
    ["expect: []\n", "received [], needs at least 1 item"],
  ])("are a list of rules or a word: not %j", (lines, problem) => {
    const place = lines === "" ? "x.yaml:3:5" : "x.yaml:6:13";
    expect(problemsOf(entry(`${dial}${lines}`))).toEqual([`${place} matrix[0].expect: ${problem}`]);
  });

  it.each([
    ["{ from: 0.6, to: 0.2 }", 'received {"from":0.6,"to":0.2}, from must be less than to'],
    ["{ from: 0.5, to: 0.5 }", 'received {"from":0.5,"to":0.5}, from must be less than to'],
    ["{ from: 0.5 }", "missing, expected number"],
    ["1.5", "received 1.5, must be at most 1"],
  ])("have no rate of %s", (rate, problem) => {
    expect(expectations(`{ verdict: direct, rate: ${rate} }`)).toEqual([expect.stringContaining(`: ${problem}`)]);
  });

  it("must cover every cell", () => {
    expect(expectations("{ when: { nb.ports: random }, verdict: direct }")).toEqual([
      expect.stringMatching(/matrix\[0\]\.expect: no rule fits cell connect\.preserve~preserve/),
    ]);
  });

  it("must each fit a cell that the rules above leave over", () => {
    expect(expectations("{ verdict: direct }, { when: { nb: random }, verdict: direct }")).toEqual([
      expect.stringMatching(/expect\[1\]: fits no cell/),
    ]);
  });

  it("are the first rule's whose condition fits", () => {
    const rules =
      "[{ when: { nb: [random], unsolicitedSyn: drop }, verdict: blocked, cause: filtered }, { verdict: direct }]";
    const { cells } = parseScenario(
      "x.yaml",
      entry(`${dial.replace("[random]", "[random, preserve]")}expect: ${rules}`),
    );
    expect(cells.map((cell) => cell.expected)).toEqual([
      { verdict: "blocked", cause: "filtered" },
      { verdict: "direct" },
    ]);
  });
});

it("refuses a cell that two entries describe", () => {
  const one = "  - { technique: connect, na: [random], nb: [random], expect: [{ verdict: direct }] }\n";
  expect(problemsOf(`name: x\nmatrix:\n${one}${one}`)).toEqual([
    expect.stringMatching(/matrix\[1\]: cell connect\.random~random\.drop\.te-translate also comes from matrix\[0\]/),
  ]);
  const titled = one.replace("na:", "block: again, na:").replace("again", "second dial");
  expect(problemsOf(`name: x\nmatrix:\n${one}${titled}`)).toEqual([]);
});
