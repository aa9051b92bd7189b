import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { AXES, completeModel, type Gateway } from "../../../orchestrator/nat/model.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { problemsOf } from "./problems.ts";

/** A dial from behind a NAT defined by these lines. */
const dialFrom = (definition: string, lines = ""): string =>
  `name: x\nnats:\n  own: ${definition}\nmatrix:\n  - { technique: connect, na: [own], nb: [preserve], ${lines}expect: [{ verdict: direct }] }\n`;

const gatewayOf = (definition: string, lines?: string): Gateway =>
  parseScenario("x.yaml", dialFrom(definition, lines)).cells[0]!.na;

const EVERYTHING = {
  mapping: "endpoint-independent",
  filtering: "address-and-port-dependent",
  ports: { kind: "random", range: { from: 40000, to: 43999 }, parity: true },
  unsolicitedSyn: { kind: "delayed-icmp", afterMs: 7000 },
  wrongPeerSyn: "admin-prohibited",
  timeExceeded: "teardown",
  reset: "hide-and-remove",
  outOfState: "drop",
  sessionLimit: 900,
  crossingSyn: "refuse",
  windowTracking: "liberal",
  sequenceNumbers: "keep",
  sourceRoute: "aware",
  hairpin: false,
  timeouts: { synSentS: 4, establishedS: 40, closingS: 5 },
} as const;

describe("a NAT by axes", () => {
  it("may state every axis of the model", () => {
    expect(new Set([...Object.keys(EVERYTHING), "blockSize"])).toEqual(new Set(AXES));
    expect(gatewayOf(JSON.stringify(EVERYTHING))).toEqual({
      kind: "nat",
      name: "own",
      model: completeModel(EVERYTHING),
    });
  });

  it("takes from the NAT it extends what it does not say, timeouts one by one", () => {
    expect(gatewayOf("{ extends: openwrt, hairpin: false, timeouts: { closingS: 9 } }")).toMatchObject({
      model: {
        ...completeModel(NATS.openwrt.axes),
        hairpin: false,
        timeouts: { synSentS: 120, establishedS: 7440, closingS: 9 },
      },
    });
  });

  it("may drop the port blocks of the NAT it extends", () => {
    expect(gatewayOf("{ extends: carrier-grade }")).toMatchObject({ model: { blockSize: 512 } });
    expect(gatewayOf("{ extends: carrier-grade, blockSize: none }")).not.toHaveProperty("model.blockSize");
  });

  it("answers a wrong peer as it answers without mapping, unless it says otherwise", () => {
    expect(gatewayOf("{ extends: preserve }", "unsolicitedSyn: [reset], ")).toMatchObject({
      model: { unsolicitedSyn: "reset", wrongPeerSyn: "reset" },
    });
    expect(gatewayOf("{ extends: preserve, wrongPeerSyn: drop }", "unsolicitedSyn: [reset], ")).toMatchObject({
      model: { unsolicitedSyn: "reset", wrongPeerSyn: "drop" },
    });
  });

  it.each([
    [
      "an unknown axis",
      "{ extends: preserve, mappings: x }",
      /nats\.own\.mappings: unknown key; did you mean mapping\?/,
    ],
    [
      "an unknown dependency",
      "{ extends: preserve, mapping: endpoint-independant }",
      /nats\.own\.mapping: received "endpoint-independant", allowed: endpoint-independent, .*did you mean endpoint-independent\?/,
    ],
    [
      "half a second",
      "{ extends: preserve, timeouts: { synSentS: 0.5 } }",
      /timeouts\.synSentS: received 0\.5, expected a whole number/,
    ],
    [
      "an unknown answer",
      "{ extends: preserve, unsolicitedSyn: rset }",
      /unsolicitedSyn: received "rset", allowed: drop, reset, port-unreachable, admin-prohibited, or a mapping; did you mean reset\?/,
    ],
    [
      "a delay without its time",
      "{ extends: preserve, unsolicitedSyn: { kind: delayed-icmp } }",
      /unsolicitedSyn\.afterMs: missing, expected number/,
    ],
    ["an unknown fate", "{ extends: preserve, timeExceeded: tear-down }", /timeExceeded: .*did you mean teardown\?/],
    ["an unknown reset", "{ extends: preserve, reset: keep }", /reset: received "keep", allowed: deliver-and-remove/],
    ["an unknown outOfState", "{ extends: preserve, outOfState: pass }", /outOfState: received "pass", allowed: leak/],
    ["an unknown crossingSyn", "{ extends: preserve, crossingSyn: no }", /crossingSyn: received "no", allowed: accept/],
    ["an unknown window", "{ extends: preserve, windowTracking: off }", /windowTracking: .*allowed: strict, liberal/],
    ["unknown sequence numbers", "{ extends: preserve, sequenceNumbers: x }", /sequenceNumbers: .*keep, rewrite/],
    ["an unknown source route", "{ extends: preserve, sourceRoute: awre }", /sourceRoute: .*did you mean aware\?/],
    [
      "a hairpin that is no boolean",
      "{ extends: preserve, hairpin: maybe }",
      /hairpin: received "maybe", expected boolean/,
    ],
    [
      "a timeout of no time",
      "{ extends: preserve, timeouts: { closingS: 0 } }",
      /closingS: received 0, must be at least 1/,
    ],
    [
      "an unknown timeout",
      "{ extends: preserve, timeouts: { synsent: 4 } }",
      /timeouts\.synsent: unknown key; did you mean synSentS\?/,
    ],
    ["a block of nothing", "{ extends: random, blockSize: 0 }", /blockSize: received 0, must be at least 1/],
    ["a parity that is no boolean", "{ ports: { kind: random, parity: even } }", /ports\.parity: received "even"/],
    ["an unknown base", "{ extends: full-cne }", /extends: received "full-cne", .*did you mean full-cone\?/],
    ["a text that is none", "{ extends: random, describe: 5 }", /describe: received 5, expected string/],
  ])("is refused with place and reason for %s", (_, definition, problem) => {
    const problems = problemsOf(dialFrom(definition));
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems[0]).toMatch(/^x\.yaml:3:\d+ /);
  });
});

describe("an entry's policy", () => {
  it("is refused for a NAT that it contradicts, however sound that is by itself", () => {
    const open = "{ ports: { kind: preserve }, filtering: endpoint-independent, wrongPeerSyn: drop }";
    expect(problemsOf(dialFrom(open))).toEqual([]);
    expect(problemsOf(dialFrom(open, "unsolicitedSyn: [drop, reset], "))).toEqual([
      expect.stringMatching(
        /x\.yaml:5:\d+ matrix\[0\]\.na\[0\]: own cannot do that: wrongPeerSyn drop contradicts filtering/,
      ),
    ]);
  });

  it("may be every value of its axes, and cells of two delays differ", () => {
    const delays =
      "unsolicitedSyn: [port-unreachable, { kind: delayed-icmp, afterMs: 900 }, { kind: delayed-icmp, afterMs: 6000 }], ";
    const { cells } = parseScenario("x.yaml", dialFrom("{ extends: preserve }", `${delays}timeExceeded: [teardown], `));
    expect(cells.map(({ id }) => id)).toEqual([
      "connect.own~preserve.port-unreachable.te-teardown",
      "connect.own~preserve.delayed-icmp-900ms.te-teardown",
      "connect.own~preserve.delayed-icmp-6000ms.te-teardown",
    ]);
  });
});
