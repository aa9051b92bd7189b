import { isResult } from "../verdict/outcome.ts";
import type { CellResult, RunReport } from "./events.ts";
import { harmless } from "./harmless.ts";
import { reproduction } from "./trouble.ts";
import { expectationText, verdictText } from "./words.ts";
import { element, type Xml } from "./xml.ts";

/**
 * The run as JUnit XML: a suite per block of the tables, a test case per cell. A surprise is a failure; an infrastructure error, or a cell without a
 * result, is an error. Fits the XSDs that are in use (of Ant's task as windyroad wrote it down, and of Jenkins): both know no
 * output of a test case of its own, and the first wants the order that is kept here.
 */
export function renderJunit(given: RunReport): string {
  const report = harmless(given);
  const blocks = [...Map.groupBy(report.cells, ({ cell }) => cell.block)];
  const suites = [
    ...blocks.map(([title, results]) => ({ title, cases: results.map((result) => caseOf(report, result)) })),
    ...(report.ended === "complete" ? [] : [{ title: "the run", cases: [unfinished(report)] }]),
  ];
  const xml = element(
    "testsuites",
    {},
    suites.map((suite, id) => suiteOf(report, suite, id)),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${xml.text}\n`;
}

interface Case {
  readonly name: string;
  readonly className: string;
  readonly tookMs: number;
  readonly end?: {
    readonly kind: "failure" | "error" | "skipped";
    readonly type: string;
    readonly text: string;
    readonly message: string;
  };
  /** What is told of every case. */
  readonly line: string;
}

function suiteOf(
  { startedAt, seed, dir, id: run, engine }: RunReport,
  { title, cases }: { readonly title: string; readonly cases: readonly Case[] },
  id: number,
): Xml {
  const ended = (kind: string) => cases.filter(({ end }) => end?.kind === kind).length;
  const properties = { run, seed, directory: dir, engine: engine.version, kernel: engine.kernel };
  return element(
    "testsuite",
    {
      package: "natbed",
      id,
      name: title,
      // in UTC, without a zone: the first XSD allows none
      timestamp: startedAt.slice(0, 19),
      hostname: "localhost",
      tests: cases.length,
      failures: ended("failure"),
      errors: ended("error"),
      skipped: ended("skipped"),
      time: seconds(cases.reduce((sum, { tookMs }) => sum + tookMs, 0)),
    },
    [
      element(
        "properties",
        {},
        Object.entries(properties).map(([name, value]) => element("property", { name, value })),
      ),
      ...cases.map(renderCase),
      element("system-out", {}, cases.map(({ line }) => `${line}\n`).join("")),
      element("system-err", {}),
    ],
  );
}

function renderCase({ name, className, tookMs, end }: Case): Xml {
  const attributes = { name, classname: className, time: seconds(tookMs) };
  if (!end) return element("testcase", attributes);
  const { kind, type, message, text } = end;
  return element("testcase", attributes, [
    kind === "skipped" ? element(kind, { message }) : element(kind, { message, type }, text),
  ]);
}

function caseOf(report: RunReport, result: CellResult): Case {
  const { cell, why, tookMs } = result;
  const line = `${cell.id}: ${verdictText(result)}: ${why}`;
  const head = { name: cell.id, className: `${cell.scenario}.${cell.block}`, tookMs, line };
  const kind = endOf(result);
  if (!kind) return head;
  const message =
    kind === "failure" ? `expected ${expectationText(cell.expected)}, observed ${verdictText(result)}` : why;
  const text = [
    why,
    result.error?.detail,
    `evidence: ${report.dir}/${result.dir}`,
    `repeat: ${reproduction(report, cell.id)}`,
  ];
  return {
    ...head,
    end: {
      kind,
      type: result.error?.code ?? result.cause ?? result.verdict,
      message,
      text: text.filter(Boolean).join("\n"),
    },
  };
}

function endOf(result: CellResult): NonNullable<Case["end"]>["kind"] | undefined {
  if (result.surprise) return "failure";
  if (result.state === "skipped") return "skipped";
  return result.state === "error" || !isResult(result) ? "error" : undefined;
}

/** A reader that counts test cases alone must not take half a run for a green one. */
function unfinished({ ended, counts }: RunReport): Case {
  const message = `the run was not finished (${ended}): ${counts.notRun} of ${counts.total} cells were not run`;
  return {
    name: "is complete",
    className: "natbed",
    tookMs: 0,
    line: message,
    end: { kind: "error", type: ended, message, text: message },
  };
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
