import type { z } from "zod";
import { knownKeys } from "./strict.ts";
import { suggest } from "./suggest.ts";

type Path = readonly PropertyKey[];

/** Something wrong in a scenario file, at a place in its data. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** The key itself is meant, not its value. */
  readonly atKey?: boolean;
}

/** One problem of an enumeration, worded as everywhere: what came, what is allowed, what was perhaps meant. */
export function notAllowed(received: unknown, allowed: readonly unknown[], besides = ""): string {
  return `${came(received)}, allowed: ${allowed.join(", ")}${besides}${slip(received, allowed)}`;
}

function came(received: unknown): string {
  return received === undefined ? "missing" : `received ${shown(received)}`;
}

function slip(received: unknown, words: readonly unknown[]): string {
  const near = typeof received === "string" ? suggest(received, words.map(String)) : [];
  return near.length > 0 ? `; did you mean ${near[0]}?` : "";
}

function unknownKey(key: string, known: readonly string[]): string {
  const [near] = suggest(key, known);
  return near === undefined ? `unknown key, allowed: ${known.join(", ")}` : `unknown key; did you mean ${near}?`;
}

/** What zod found, in the words of this tool. `data` is what was validated. */
export function explainIssue(issue: z.core.$ZodIssue, data: unknown, base: Path = []): Problem[] {
  const path = [...base, ...issue.path];
  const received = valueAt(data, path);
  const problem = (message: string): Problem[] => [{ path, message }];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: unknownKey(key, knownKeys(issue)),
        atKey: true,
      }));
    case "invalid_value":
      return problem(notAllowed(received, issue.values));
    case "invalid_union":
      // A discriminator without a branch; zod's type does not know of the options that it then carries.
      if ("options" in issue) return problem(notAllowed(received, issue.options as string[]));
      return explainUnion(issue, data, path);
    case "invalid_type":
      return problem(`${came(received)}, expected ${typeName(issue.expected)}`);
    case "too_small":
      return problem(
        `received ${shown(received)}, ${bound(issue.origin, issue.inclusive ? "at least" : "more than", issue.minimum)}`,
      );
    case "too_big":
      return problem(
        `received ${shown(received)}, ${bound(issue.origin, issue.inclusive ? "at most" : "less than", issue.maximum)}`,
      );
    case "invalid_format":
      return problem(`received ${shown(received)}, expected ${issue.message}`);
    case "invalid_key":
      return [{ path, message: `not a valid key: expected ${issue.issues[0]?.message ?? issue.message}`, atKey: true }];
    case "custom":
      return problem(`received ${shown(received)}, ${issue.message}`);
    default:
      return problem(issue.message);
  }
}

/** What zod says of a union that has no words of its own for what it expects. */
const WORDLESS = "Invalid input";

function explainUnion({ errors, message }: z.core.$ZodIssueInvalidUnion, data: unknown, path: Path): Problem[] {
  const nearest = nearestBranch(errors);
  const mapping = errors.flat().some((other) => other.code === "invalid_type" && other.expected === "object");
  const [only] = nearest;
  if (nearest.length === 1 && only?.code === "invalid_value" && only.path.length === 0) {
    const received = valueAt(data, path);
    if (message !== WORDLESS)
      return [{ path, message: `${came(received)}, expected ${message}${slip(received, only.values)}` }];
    if (mapping) return [{ path, message: notAllowed(received, only.values, ", or a mapping") }];
  }
  return nearest.flatMap((inner) => explainIssue(inner, data, path));
}

/** The branch that got furthest into the value is the one that was meant. */
function nearestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    Math.max(...issues.map((issue) => issue.path.length + (isOtherType(issue) ? 0 : 0.5)));
  return branches.toSorted((p, q) => depth(q) - depth(p))[0] ?? [];
}

/** A number that is not whole is still a number: zod calls its type wrong. */
function isOtherType(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" && issue.expected !== "int";
}

function typeName(expected: string): string {
  if (expected === "record") return "a mapping";
  return expected === "int" ? "a whole number" : expected;
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  return origin === "array" ? `needs ${relation} ${limit} item` : `must be ${relation} ${limit}`;
}

function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

/** A value as messages show it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
