import { describe, expect, it } from "vitest";
import type { CellResult } from "../../../orchestrator/report/events.ts";
import { renderJunit } from "../../../orchestrator/report/junit.ts";
import { parseXml, type XmlElement } from "../../kit/xml.ts";
import { reportOf, resultsWith, TROUBLED } from "./results.ts";

/** What the XSDs allow in an element, in this order, and of which kind its attributes are; `?` marks what may be absent. */
interface Shape {
  readonly children: RegExp;
  readonly attributes: Readonly<Record<string, RegExp>>;
  readonly optional?: readonly string[];
}

const [ANY, NUMBER, DECIMAL] = [/^/, /^\d+$/, /^\d+(\.\d+)?$/];
/** xs:token with a least length of 1: blanks count for nothing. */
const TOKEN = /\S/;
const ENDED = { children: /^$/, attributes: { message: ANY, type: ANY } };

/** The XSD of Ant's JUnit task (windyroad), the strictest in use; that of Jenkins' xUnit plugin (junit-10.xsd) allows all of it and more. */
const SHAPES: Readonly<Record<string, Shape>> = {
  testsuites: { children: /^(testsuite )*$/, attributes: {} },
  testsuite: {
    children: /^properties (testcase )*system-out system-err $/,
    attributes: {
      name: TOKEN,
      package: TOKEN,
      id: NUMBER,
      hostname: TOKEN,
      tests: NUMBER,
      failures: NUMBER,
      errors: NUMBER,
      skipped: NUMBER,
      time: DECIMAL,
      timestamp: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/,
    },
  },
  properties: { children: /^(property )*$/, attributes: {} },
  property: { children: /^$/, attributes: { name: TOKEN, value: ANY } },
  testcase: {
    children: /^(failure |error |skipped )?$/,
    attributes: { name: TOKEN, classname: TOKEN, time: DECIMAL },
  },
  failure: ENDED,
  error: ENDED,
  skipped: { children: /^$/, attributes: { message: ANY } },
  "system-out": { children: /^$/, attributes: {} },
  "system-err": { children: /^$/, attributes: {} },
};

function check(element: XmlElement): void {
  const shape = SHAPES[element.name];
  if (!shape) throw new Error(`<${element.name}> is in no XSD`);
  expect(element.children.map(({ name }) => `${name} `).join(""), element.name).toMatch(shape.children);
  expect(Object.keys(element.attributes).toSorted(), element.name).toEqual(Object.keys(shape.attributes).toSorted());
  for (const [name, like] of Object.entries(shape.attributes)) expect(element.attributes[name], name).toMatch(like);
  element.children.forEach(check);
}

const casesOf = (root: XmlElement): readonly XmlElement[] =>
  root.children.flatMap((suite) => suite.children.filter(({ name }) => name === "testcase"));
const caseNamed = (root: XmlElement, id: string): XmlElement | undefined =>
  casesOf(root).find(({ attributes }) => attributes["name"] === id);

describe("junit.xml", () => {
  it("is built as the XSDs want it, whatever happened", () => {
    const hostile = "]]>\u0000\u001b[2J<b>&amp;\"'\ud800\ufffe\u009b\n\t  \u202e";
    const cell = resultsWith()[0]!;
    const cells = [
      { ...cell, cell: { ...cell.cell, id: hostile, block: hostile, scenario: hostile }, why: hostile, surprise: true },
      {
        ...cell,
        state: "error" as const,
        verdict: "error" as const,
        why: hostile,
        error: { code: hostile, message: hostile, detail: hostile },
      },
    ];
    const reports = [
      reportOf(TROUBLED),
      reportOf([]),
      reportOf(resultsWith(), { ended: "interrupted" }),
      reportOf(cells, { dir: hostile, scenario: [hostile] }),
    ];
    for (const report of reports) check(parseXml(renderJunit(report)));
  });

  it("has a failure for a surprise alone, an error where there is no result, and counts them", () => {
    const changes: Record<string, Partial<CellResult>> = {
      "simultaneous-open.random~random.drop.te-translate": { verdict: "direct", surprise: true, why: "crossing SYNs" },
      "simultaneous-open.preserve~random.drop.te-translate": { state: "error", verdict: "error", why: "NB ended" },
      "relay.random~random.drop.te-translate": { verdict: "unknown", why: "packets are missing" },
      "public.none~none": { state: "skipped", verdict: "unsupported", why: "no nft" },
    };
    const root = parseXml(renderJunit(reportOf(resultsWith(changes))));
    const ends = Object.fromEntries(
      casesOf(root).flatMap(({ attributes, children: [end] }) => (end ? [[attributes["name"]!, end.name]] : [])),
    );
    expect(ends).toEqual({
      "simultaneous-open.random~random.drop.te-translate": "failure",
      "simultaneous-open.preserve~random.drop.te-translate": "error",
      "relay.random~random.drop.te-translate": "error",
      "public.none~none": "skipped",
    });
    for (const suite of root.children) {
      const cases = suite.children.filter(({ name }) => name === "testcase");
      const count = (kind: string) => String(cases.filter(({ children: [end] }) => end?.name === kind).length);
      expect(suite.attributes).toMatchObject({
        tests: String(cases.length),
        failures: count("failure"),
        errors: count("error"),
        skipped: count("skipped"),
      });
    }
  });

  it("says of a failure what was expected, why it came out otherwise, and how to repeat it", () => {
    const [end] = caseNamed(
      parseXml(renderJunit(reportOf(TROUBLED))),
      "simultaneous-open.random~random.drop.te-translate",
    )!.children;
    expect(end!.attributes).toEqual({
      message: "expected blocked: mapping-mispredicted, observed direct",
      type: "direct",
    });
    expect(end!.text.split("\n")).toEqual([
      "crossing | SYNs",
      "evidence: runs/r1/cells/simultaneous-open.random~random.drop.te-translate",
      "repeat: natbed matrix sample.yaml --filter simultaneous-open.random~random.drop.te-translate --seed 42",
    ]);
  });

  it("of a run that was not finished is not green", () => {
    const root = parseXml(renderJunit(reportOf(resultsWith().slice(0, 2), { ended: "interrupted" })));
    expect(caseNamed(root, "is complete")?.children[0]?.attributes).toEqual({
      message: "the run was not finished (interrupted): 9 of 11 cells were not run",
      type: "interrupted",
    });
  });
});
