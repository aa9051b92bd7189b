import { isAlias, isMap, isNode, LineCounter, parseDocument, type Document, type YAMLParseError } from "yaml";
import { NatbedError } from "../errors.ts";
import { checkAliases } from "./aliases.ts";
import type { Problem } from "./problem.ts";

/** A scenario file's text with its data, and the way back from the data to line and column. */
export interface Source {
  readonly path: string;
  readonly data: unknown;
  /** Error with `file:line:column path: message` for every problem, in the order of the file. */
  error(problems: readonly Problem[]): NatbedError;
}

/**
 * Parses YAML 1.2, and the merge key `<<` of 1.1 (yaml.org/type/merge.html). Throws NatbedError `scenario-invalid` with every syntax error, or else
 * every alias that stands for nothing.
 */
export function parseSource(path: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true, merge: true });
  const at = (offset: number) => `${path}:${lines.linePos(offset).line}:${lines.linePos(offset).col}`;
  const located = (problems: readonly (Problem & { offset: number })[]) =>
    invalid(
      path,
      problems
        .toSorted((p, q) => p.offset - q.offset)
        .map((problem) => [at(problem.offset), pathText(problem.path)].join(" ").trimEnd() + `: ${problem.message}`),
    );
  if (document.errors.length > 0) {
    throw invalid(
      path,
      document.errors.map((error) => `${at(error.pos[0])} ${syntaxText(error)}`),
    );
  }
  const aliases = checkAliases(document);
  if (aliases.length > 0) throw located(aliases);
  return {
    path,
    // How much aliases may multiply is checked above, by what they stand for; the library counts how often one is used.
    data: document.toJS({ maxAliasCount: -1 }) as unknown,
    error: (problems) => located(problems.map((problem) => ({ ...problem, offset: offsetOf(document, problem) }))),
  };
}

/** The parser's own words, but for those that are meant for programmers. */
function syntaxText({ code, message }: YAMLParseError): string {
  if (code !== "MULTIPLE_DOCS") return message;
  return "a second YAML document begins here, and a file can hold one; take out the --- or ... before it, or put it into a file of its own";
}

function invalid(path: string, problems: readonly string[]): NatbedError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new NatbedError(`${path} has ${count}`, {
    kind: "usage",
    code: "scenario-invalid",
    detail: problems.join("\n"),
  });
}

/** Offset of the node at the problem's path, or of the deepest one before it that exists. */
function offsetOf(document: Document, { path, atKey }: Problem): number {
  for (let depth = path.length; depth > 0; depth--) {
    const steps = path.slice(0, depth);
    const parent = resolve(document, steps.slice(0, -1));
    const pair = isMap(parent) ? parent.items.find((item) => keyText(item.key) === String(steps.at(-1))) : undefined;
    if (pair && (atKey || depth < path.length) && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    const node = resolve(document, steps);
    if (isNode(node) && node.range) return node.range[0];
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

function resolve(document: Document, path: Problem["path"]): unknown {
  let node: unknown = document.contents;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    node = isNode(node) && "get" in node ? node.get(key, true) : undefined;
  }
  return node;
}

function keyText(key: unknown): string {
  return String(isNode(key) && "value" in key ? key.value : key);
}

/** `matrix[2].na[0]` */
function pathText(path: Problem["path"]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}
