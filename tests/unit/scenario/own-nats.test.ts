import { describe, expect, it } from "vitest";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { problemsOf } from "./problems.ts";

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
