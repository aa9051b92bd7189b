import { InvalidArgumentError, Option } from "commander";

/** Parser of an option's value: a whole number within bounds. */
export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= from && value <= to) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${from} to ${to}.`);
  };
}

/** One of `of` parts of a run, counted from 1. */
export interface Shard {
  readonly part: number;
  readonly of: number;
}

/** An option's value: `2/8`, the second of eight parts. */
export function shardOf(text: string): Shard {
  const [, part, of] = /^(\d{1,4})\/(\d{1,4})$/.exec(text)?.map(Number) ?? [];
  if (part !== undefined && of !== undefined && part >= 1 && part <= of) return { part, of };
  throw new InvalidArgumentError("Expected I/N, from 1/N to N/N.");
}

/** An option's value: a host by name or IPv4 address, and perhaps a port. */
export function hostAndPort(text: string): string {
  const [, port = "1"] = /^[^\s:]+(?::(\d+))?$/.exec(text) ?? [undefined, "0"];
  if (Number(port) >= 1 && Number(port) <= 65_535) return text;
  throw new InvalidArgumentError("Expected HOST or HOST:PORT.");
}

/** Parser of an option that may be given several times. */
export function collect(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}

/** An option that can also be set by `NATBED_<NAME>`. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(`NATBED_${made.name().replaceAll("-", "_").toUpperCase()}`);
}

/** Drops switches that the environment turns off: for commander any value at all, even `0`, would turn them on. */
export function dropFalseSwitches(env: NodeJS.ProcessEnv): void {
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith("NATBED_") && ["", "false", "no"].includes(value ?? "")) delete env[name];
    if (SWITCHES.has(name) && value === "0") delete env[name];
  }
}

const SWITCHES = new Set([
  "NATBED_LIST",
  "NATBED_LAST_FAILED",
  "NATBED_FRESH",
  "NATBED_KEEP_ON_FAILURE",
  "NATBED_JSON",
  "NATBED_ALL",
  "NATBED_SVG",
  "NATBED_MERMAID",
  "NATBED_MARKDOWN",
]);
