import { describe, expect, it } from "vitest";
import { parseNats } from "../../../orchestrator/scenario/definitions.ts";
import { detailOf, entry, problemsOf } from "./problems.ts";

const dial = (na: string, more = "") =>
  entry(`technique: connect\nna: ${na}\nnb: [random]\n${more}expect: [{ verdict: direct }]`);

/** Nine anchors, each ten of the one before: a thousand million words. */
function laughs(): string {
  const lines = Array.from({ length: 9 }, (_, n) => {
    const items = Array.from({ length: 10 }, () => (n === 0 ? "lol" : `*l${n - 1}`));
    return `l${n}: &l${n} [${items.join(", ")}]`;
  });
  return `${lines.join("\n")}\n`;
}

describe("an alias", () => {
  it.each([
    [
      "of an anchor that there is not",
      dial("*nats"),
      "x.yaml:4:9 matrix[0].na: no anchor &nats stands above this alias",
    ],
    [
      "of an anchor that is below it",
      dial("*nats", "unsolicitedSyn: &nats [drop]\n"),
      "x.yaml:4:9 matrix[0].na: no anchor &nats stands above this alias",
    ],
    [
      "of an anchor with another name, much like it",
      `describe: &name hello\n${dial("[*nam]")}`,
      "x.yaml:5:10 matrix[0].na[0]: no anchor &nam stands above this alias; did you mean *name?",
    ],
    [
      "of what it is itself a part of",
      dial("&nats [preserve, *nats]"),
      "x.yaml:4:26 matrix[0].na[1]: the alias *nats is a part of what it stands for",
    ],
    [
      "that << takes over and that there is not",
      dial("[preserve]", "<<: *typo\n"),
      "x.yaml:6:9 matrix[0].<<: no anchor &typo stands above this alias",
    ],
    [
      "that << takes over and that stands for a list of words",
      `describe: &words [some]\n${dial("[preserve]", "<<: *words\n")}`,
      'x.yaml:7:9 matrix[0].<<: received "some", expected a mapping, or a list of mappings',
    ],
  ])("%s is refused with its place", (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it.each(["[1]", "1", "[{ na: [preserve] }, 2]", "null"])("<<: %s is no mapping to take over", (value) => {
    expect(problemsOf(dial("[preserve]", `<<: ${value}\n`))).toEqual([
      expect.stringMatching(/^x\.yaml:6:9 matrix\[0\]\.<<: received .*, expected a mapping, or a list of mappings/),
    ]);
  });

  it("is refused together with the others that are wrong, in the order of the file", () => {
    expect(problemsOf(dial("*one", "neighbour: *two\n<<: 3\n"))).toEqual([
      expect.stringMatching(/^x\.yaml:4:9 matrix\[0\]\.na: /),
      expect.stringMatching(/^x\.yaml:6:16 matrix\[0\]\.neighbour: /),
      expect.stringMatching(/^x\.yaml:7:9 matrix\[0\]\.<<: /),
    ]);
  });

  it("that multiplies what it stands for without end is refused before memory is full", () => {
    expect(problemsOf(laughs())).toEqual([
      "x.yaml:6:45 l5[7]: with what *l4 stands for, the file has more than 1000000 values",
    ]);
  });

  it("may be taken over in a list, and a hundred times", () => {
    const more = Array.from({ length: 100 }, (_, n) => `  - { <<: [*one], block: b${n} }\n`).join("");
    const text = `name: x\nmatrix:\n  - &one { technique: connect, na: [preserve], nb: [random], expect: [{ verdict: direct }] }\n${more}`;
    expect(problemsOf(text)).toEqual([]);
  });

  it("is refused as well where a file is read for its NATs alone", () => {
    expect(detailOf(() => parseNats("x.yaml", "nats:\n  p: { extends: *q }\n"))).toEqual([
      "x.yaml:2:17 nats.p.extends: no anchor &q stands above this alias",
    ]);
  });
});

it("a second document in a file is refused in words for its author", () => {
  expect(problemsOf(`${dial("[preserve]")}---\n${dial("[random]")}`)).toEqual([
    expect.stringMatching(/^x\.yaml:7:1 a second YAML document begins here, and a file can hold one; take out the ---/),
  ]);
});
