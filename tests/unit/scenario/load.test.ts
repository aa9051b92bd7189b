import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
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
      /rate is for natblaster-4/,
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

describe("own NATs", () => {
  const withNats = (nats: string, na = "preserve") =>
    `name: x\nnats:\n${nats}\nmatrix:\n  - { technique: connect, na: [${na}], nb: [random], unsolicitedSyn: [drop], expect: [{ verdict: direct }] }\n`;

  it("take what they do not say from the NAT they extend, and keep their policy whatever the axis says", () => {
    const text = withNats(
      "  open: { extends: preserve, unsolicitedSyn: reset }\n  opener: { extends: open, timeExceeded: drop }",
      "opener",
    );
    const [cell] = parseScenario("x.yaml", text).cells;
    expect(cell?.na).toEqual({
      kind: "nat",
      name: "opener",
      model: completeModel({ ports: { kind: "preserve" }, unsolicitedSyn: "reset", timeExceeded: "drop" }),
    });
    expect(cell?.id).toBe("connect.opener~random.reset~drop.te-drop~translate");
  });

  it.each([
    [
      "a contradictory model",
      "  up: { ports: { kind: sequential, step: 3, range: { from: 5000, to: 4000 } } }",
      /x\.yaml:3:3 nats\.up: range 5000-4000 is empty/,
    ],
    [
      "a contradictory axis, at that axis",
      "  up:\n    extends: full-cone\n    wrongPeerSyn: reset",
      /x\.yaml:5:19 nats\.up\.wrongPeerSyn: wrongPeerSyn reset contradicts filtering endpoint-independent/,
    ],
    [
      "a contradiction with what it extends, at its name",
      "  up: { extends: stateless, filtering: address-dependent }",
      /x\.yaml:3:3 nats\.up: a stateless NAT cannot have filtering address-dependent/,
    ],
    [
      "extending what is defined below",
      "  p: { extends: q }\n  q: { extends: preserve }",
      /nats\.p: extends q, which is not a NAT defined above it/,
    ],
    ["a built-in name", "  random: { extends: preserve }", /nats\.random: random is a built-in name/],
    ["no ports", "  p: { unsolicitedSyn: drop }", /nats\.p: needs ports/],
    ["a name that is no slug", "  P!: { extends: preserve }", /nats\.P!: not a valid key: expected lower-case/],
  ])("are refused for %s", (_, nats, problem) => {
    expect(problemsOf(withNats(nats))).toEqual([expect.stringMatching(problem)]);
  });

  it("leave no axis to an entry whose NATs all fix it", () => {
    const text = withNats("  p: { extends: preserve, unsolicitedSyn: drop }", "p").replace("nb: [random]", "nb: [p]");
    expect(problemsOf(text)).toEqual([expect.stringMatching(/unsolicitedSyn: has no effect: every NAT here fixes/)]);
  });
});

describe("expectations", () => {
  const expectations = (rules: string) =>
    problemsOf(entry(`${dial.replace("[random]", "[random, preserve]")}expect: [${rules}]`));

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
