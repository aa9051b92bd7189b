import { describe, expect, it } from "vitest";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { parseScenario } from "../../../orchestrator/scenario/load.ts";
import { gatewayName } from "../../../orchestrator/scenario/naming.ts";
import { parseRules } from "../../../orchestrator/scenario/rules.ts";
import { detailOf, entry } from "./problems.ts";

const TABLE = `
describe: for tests
kinds:
  steady: { means: keeps ports or mappings, nat: [{ ports: preserve }, { mapping: endpoint-independent }] }
holds: { carrier: none }
techniques:
  - technique: [natblaster-2, stunt-1]
    options: { syn: [low-ttl, normal] }
    needs: nothing
    withinMs: 1000
    rules:
      - { when: { na.kind: steady, nb.kind: steady }, verdict: direct, because: both ports are known }
      - { when: { ports: sequential }, verdict: blocked, cause: filtered, because: one of the NATs counts }
      - { verdict: blocked, cause: mapping-mispredicted, because: one of the ports is random }
  - technique: simultaneous-open
    options: { skewMs: [0, 100] }
    needs: SYNs that cross
    holds: { syns: cross }
    rules: [{ verdict: direct, because: they cross }]
  - technique: simultaneous-open
    options: { skewMs: [0, 100] }
    needs: SYNs that do not
    holds: { syns: apart }
    rules: [{ verdict: blocked, cause: filtered, because: they do not }]
`;
const table = parseRules("rules.yaml", TABLE);
const punch = (lines: string): string => entry(`expect: rules\n${lines}`);
const cellsOf = (lines: string) => parseScenario("x.yaml", punch(lines), table).cells;
const problemsOf = (lines: string) => detailOf(() => parseScenario("x.yaml", punch(lines), table));
const both = "na: [preserve]\nnb: [preserve]";

describe("expectations taken from the table of rules", () => {
  it("are those of the first rule that fits: words for NATs, and axes of either", () => {
    const cells = cellsOf("technique: stunt-1\nna: [preserve, random]\nnb: [preserve, full-cone, sequential, random]");
    expect(cells.map(({ na, nb, expected }) => [na, nb, expected].map(wordOf).join(" "))).toEqual([
      "preserve preserve direct",
      "preserve full-cone direct",
      "preserve sequential filtered",
      "preserve random mapping-mispredicted",
      "random preserve mapping-mispredicted",
      "random full-cone mapping-mispredicted",
      "random sequential filtered",
      "random random mapping-mispredicted",
    ]);
  });

  it("depend on whether the SYNs cross by the clock", () => {
    const expected = (lines: string) => cellsOf(`technique: simultaneous-open\n${both}\n${lines}`)[0]!.expected;
    expect(expected("core: { delayMs: 40 }").verdict).toBe("direct");
    expect(expected("options: { skewMs: 100 }\ncore: { delayMs: 40 }").verdict).toBe("blocked");
  });

  it.each([
    ["technique: relay", /no rule fits cell relay\.\S+; the table of rules says nothing of relay$/],
    [
      "technique: stunt-1\noptions: { gapMs: 5 }",
      /the table of rules says nothing of stunt-1, syn low-ttl, predictionOffset 0, gapMs 5, skewMs 0$/,
    ],
    ["technique: stunt-1\ndeadlineMs: 900", /the rules for stunt-1 are for deadlines of 1000 ms and more, not 900$/],
    ["technique: stunt-1\nneighbour: { everyMs: 5 }", /says nothing of cells with neighbours$/],
    ["technique: stunt-1\ncarrier: { a: preserve }", /the table of rules is for cells with carrier: none$/],
    [
      "technique: simultaneous-open\ncore: [{}, { delayMs: 20 }, { delayMs: 25 }]",
      /no rule fits cell simultaneous-open\.preserve~preserve\.drop\.te-translate, nor 2 more; of simultaneous-open the table of rules speaks where syns: cross, or where syns: apart$/,
    ],
  ])("are refused where the table says nothing: %s", (lines, problem) => {
    expect(problemsOf(`${both}\n${lines}`)).toEqual([expect.stringMatching(problem)]);
  });

  it("are refused where the table has two answers", () => {
    const twice = `${TABLE}  - { technique: stunt-1, needs: x, rules: [{ verdict: direct, because: x }] }\n`;
    const text = punch(`technique: stunt-1\n${both}`);
    expect(detailOf(() => parseScenario("x.yaml", text, parseRules("rules.yaml", twice)))).toEqual([
      expect.stringMatching(/the table of rules has two answers for stunt-1, syn low-ttl, /),
    ]);
  });
});

describe("a table of rules", () => {
  const changed = (from: string, to: string) => detailOf(() => parseRules("rules.yaml", TABLE.replace(from, to)));

  it.each([
    ["na.kind: steady", "na.kind: stedy", /when\.na\.kind: received "stedy", allowed: steady; did you mean steady\?/],
    ["{ ports: preserve }", "{ port: preserve }", /kinds\.steady\.nat\[0\]\.port: unknown key; did you mean ports\?/],
    ["{ syn: [low-ttl", "{ sin: [low-ttl", /options\.sin: no option of any of the techniques/],
    [", because: they cross", "", /rules\[0\]\.because: missing/],
    ["[natblaster-2, stunt-1]", "natblaster-7", /technique: received "natblaster-7"/],
  ])("is refused for a slip: %s written as %s", (from, to, problem) => {
    expect(changed(from, to)).toEqual([expect.stringMatching(problem)]);
  });
});

function wordOf(of: Cell["na" | "expected"]): string {
  if ("verdict" in of) return of.verdict === "blocked" ? of.cause : of.verdict;
  return gatewayName(of);
}
