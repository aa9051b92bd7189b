import { resolve } from "node:path";
import { InvalidArgumentError, type Option } from "commander";
import { NatbedError } from "../errors.ts";
import type { RecordedRun } from "../report/directory.ts";
import type { RunReport } from "../report/events.ts";
import { REPORTERS, type ReporterName, type Wanted } from "../report/reporters/catalogue.ts";
import { option } from "./values.ts";

/** What the command line says about reporters. */
export interface ReporterOptions {
  readonly reporter?: readonly Wanted[];
  readonly json?: true;
}

const NAMES = Object.keys(REPORTERS) as ReporterName[];

export function reporterOption(): Option {
  return option("--reporter <name[=file],...>", `what to make of the run: ${NAMES.join(", ")}; repeatable`)
    .argParser(parseReporters)
    .default(undefined, "terminal");
}

/** `junit=out.xml,json`; `-` as a file is stdout. */
function parseReporters(text: string, before: readonly Wanted[] = []): readonly Wanted[] {
  const wanted = text.split(",").map((one): Wanted => {
    const [, name, to] = /^\s*([^=]*?)\s*(?:=(.+))?$/s.exec(one) ?? [];
    if (!NAMES.includes(name as ReporterName)) throw new InvalidArgumentError(`Expected one of ${NAMES.join(", ")}.`);
    return { name: name as ReporterName, ...(to === undefined ? {} : { to }) };
  });
  return [...before, ...wanted];
}

/** The reporters of a run; the terminal's where none is named, and report.md always. Throws NatbedError `reporter-twice`. */
export function chosenReporters({ reporter, json }: ReporterOptions): readonly Wanted[] {
  const named = [...(reporter ?? []), ...(json ? [{ name: "json" } as const] : [])];
  const chosen: readonly Wanted[] = named.length > 0 ? named : [{ name: "terminal" }];
  refuseTwice(chosen);
  const inPlace = chosen.some(({ name, to }) => name === "markdown" && to === undefined);
  return inPlace ? chosen : [...chosen, { name: "markdown" }];
}

/** One file is no place for two; standard output is one for each name. */
function refuseTwice(wanted: readonly Wanted[]): void {
  const places = wanted.map(({ name, to }) => (to === undefined || to === "-" ? ownPlace(name, to) : resolve(to)));
  const again = wanted.find((_, index) => places.indexOf(places[index]!) < index);
  if (!again) return;
  throw new NatbedError(
    `reporter ${again.name} would write to the same place as another${again.to ? `: ${again.to}` : ""}`,
    {
      kind: "usage",
      code: "reporter-twice",
      hint: `name it once, or give it a file of its own: ${again.name}=FILE`,
    },
  );
}

const PRINTERS: readonly ReporterName[] = ["terminal", "line", "json"];

const ownPlace = (name: ReporterName, to: "-" | undefined): string =>
  to === "-" || PRINTERS.includes(name) ? `${name} on standard output` : name;

/** Whether stdout is for what a program reads, so that all else goes to stderr. */
export function ownsStdout(wanted: readonly Wanted[]): boolean {
  return wanted.some(({ name, to }) => to === "-" || (name === "json" && to === undefined));
}

/**
 * Lets reporters render a run, and says on stderr which files they wrote and which of them failed. Returns whether all did what they were
 * asked to.
 */
export async function publishRun(
  run: RecordedRun,
  wanted: readonly Wanted[],
  { followed, before }: { readonly followed: boolean; readonly before?: RunReport },
): Promise<boolean> {
  const [{ publish }, { paintFor }, { visible }] = await Promise.all([
    import("../report/reporters/publish.ts"),
    import("../report/words.ts"),
    import("../report/ladder/visible.ts"),
  ]);
  const people = ownsStdout(wanted) ? process.stderr : process.stdout;
  const desk = {
    paint: paintFor(people),
    columns: people.columns || 120,
    followed,
    env: process.env,
    ...(before && { before }),
  };
  let done = true;
  for (const one of wanted) {
    const stream = ownsStdout([one]) ? process.stdout : people;
    const print = (text: string | Uint8Array): void => void stream.write(text);
    const published = await publish(run, one, { ...desk, print });
    if (!published.done) {
      done = false;
      process.stderr.write(`natbed: reporter ${one.name} failed: ${visible(published.why)}\n`);
    } else if (published.file !== undefined && one.name !== "markdown")
      process.stderr.write(`natbed: wrote ${visible(published.file)}\n`);
  }
  return done;
}
