import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { parseNats } from "../../../orchestrator/scenario/definitions.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { detailOf, problemsOf } from "./problems.ts";

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

  const builtIn = Object.keys(NATS).join(", ");

  it.each([
    ["no ports", "  p: { mapping: address-dependent }", "3:3 nats.p: needs ports, or extends to take them from"],
    ["extending no NAT", "  p: { extends: none }", `3:17 nats.p.extends: received "none", allowed: ${builtIn}`],
    ["extending itself", "  p: { extends: p }", "3:3 nats.p: extends p, which is not a NAT defined above it"],
    [
      "extending what extends it",
      "  p: { extends: q }\n  q: { extends: p }",
      "3:3 nats.p: extends q, which is not a NAT defined above it",
    ],
    [
      "extending what is defined below",
      "  p: { extends: q }\n  q: { extends: preserve }",
      "3:3 nats.p: extends q, which is not a NAT defined above it",
    ],
    [
      "a contradictory model",
      "  p: { ports: { kind: sequential, step: 3, range: { from: 5000, to: 4000 } } }",
      "3:3 nats.p: range 5000-4000 is empty: from is greater than to",
    ],
    [
      "extending what needs ports itself",
      "  q: { mapping: address-dependent }\n  p: { extends: q }",
      "3:3 nats.q: needs ports, or extends to take them from",
    ],
  ])("that an entry names are refused for %s, and nothing is said that follows from it", (_, nats, problem) => {
    expect(problemsOf(withNats(nats, "p"))).toEqual([`x.yaml:${problem}`]);
    expect(problemsOf(withNats(nats, "p").replace("nb:", "carrier: { a: p }, nb:"))).toEqual([`x.yaml:${problem}`]);
    expect(detailOf(() => parseNats("x.yaml", withNats(nats)))).toEqual([`x.yaml:${problem}`]);
  });

  it("that are sound, and the entries that name them, are checked beside one that is not", () => {
    const nats = "  p: { mapping: address-dependent }\n  q: { extends: full-cone }";
    expect(problemsOf(withNats(nats, "p, q").replace("nb: [random]", "nb: [none, random]"))).toEqual([
      "x.yaml:3:3 nats.p: needs ports, or extends to take them from",
      expect.stringMatching(/^x\.yaml:6:\d+ matrix\[0\]\.nb\[0\]: technique connect is about NATs/),
    ]);
  });

  it("are told what they can extend: what is built in, and what is defined above", () => {
    const nats = "  p: { extends: preserve }\n  q: { extends: nope }\n  r: { extends: preserv }\n  s: { extends: p }";
    expect(problemsOf(withNats(nats))).toEqual([
      `x.yaml:4:17 nats.q.extends: received "nope", allowed: ${builtIn}, p`,
      `x.yaml:5:17 nats.r.extends: received "preserv", allowed: ${builtIn}, p; did you mean preserve?`,
    ]);
  });

  it("leave no axis to an entry whose NATs all fix it", () => {
    const text = withNats("  p: { extends: preserve, unsolicitedSyn: drop }", "p").replace("nb: [random]", "nb: [p]");
    expect(problemsOf(text)).toEqual([expect.stringMatching(/unsolicitedSyn: has no effect: every NAT here fixes/)]);
  });
});
