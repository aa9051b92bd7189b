import { randomInt } from "node:crypto";
import { NatbedError } from "../errors.ts";
import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { FAST_TIMERS, type DeclaredNat, type Examination } from "../nat/examination.ts";
import { completeModel } from "../nat/model.ts";
import { paintFor } from "../report/words.ts";
import { natNamed, natsOf, type NamedNats } from "./nat-names.ts";
import { sheet } from "./nat-sheet.ts";

interface CheckOptions {
  readonly all?: true;
  readonly file?: string;
  readonly timers: "fast" | "full";
  readonly seed?: number;
  readonly json?: true;
  readonly markdown?: true;
}

/** `natbed nat check`: measures NATs, says of each whether it is what it declares, and prints what came out. */
export async function checkNats(names: readonly string[], options: CheckOptions): Promise<void> {
  const own = options.file === undefined ? new Map<string, NamedNat>() : await natsOf(options.file);
  const chosen = chosenOf(names, own, options);
  const nats = chosen.map((name): DeclaredNat => ({ name, model: completeModel(natNamed(name, own).axes) }));
  const [{ examineNats }, { watchInterrupts }] = await Promise.all([
    import("../run/examine.ts"),
    import("./interrupt.ts"),
  ]);
  using interrupts = watchInterrupts((line) => process.stderr.write(`${line}\n`));
  const timers = options.timers === "full" ? ({ kind: "full" } as const) : FAST_TIMERS;
  const seed = options.seed ?? randomInt(2 ** 31);
  const done: Examination[] = [];
  try {
    for await (const examination of examineNats(nats, { timers, seed, signal: interrupts.signal })) {
      done.push(examination);
      const { name, mismatches } = examination;
      process.stderr.write(`${name}: ${mismatches.length === 0 ? "as declared" : mismatches.join("; ")}\n`);
    }
  } catch (error) {
    if (!interrupts.signal.aborted) throw error; // what the interrupt broke is no failure
  }
  await print(done, own, options);
  process.exitCode = interrupts.signal.aborted ? 130 : done.some(({ mismatches }) => mismatches.length > 0) ? 1 : 0;
}

/** The names that are said, or all that `--all` or `--file` stands for. */
function chosenOf(names: readonly string[], own: NamedNats, { all, file }: CheckOptions): readonly string[] {
  const usage = { kind: "usage", code: "no-nat", hint: "name some, or say --all, or --file" } as const;
  const which = [...names, ...(all ? ["--all"] : []), ...(file === undefined ? [] : ["--file"])];
  if (which.length === 0) throw new NatbedError("no NAT to check", usage);
  if (all && which.length > 1) throw new NatbedError(`${which.join(" and ")}: which?`, usage);
  if (all) return Object.keys(NATS);
  if (names.length === 0 && own.size === 0) throw new NatbedError(`no NAT is defined in ${file}`, usage);
  return names.length > 0 ? names : [...own.keys()];
}

/** Few NATs in full, many as a table. */
const IN_FULL = 2;

async function print(done: readonly Examination[], own: NamedNats, { json, markdown }: CheckOptions): Promise<void> {
  const { stdout } = process;
  if (json) return void stdout.write(`${JSON.stringify(done, undefined, 2)}\n`);
  if (markdown) {
    const { renderNatModels } = await import("../report/nat-markdown.ts");
    return void stdout.write(renderNatModels(done, { ...NATS, ...Object.fromEntries(own) }));
  }
  const { renderConformanceTable, renderExamination } = await import("../report/nat-table.ts");
  const full = done.length <= IN_FULL;
  stdout.write(
    full
      ? done.map((one) => renderExamination(one, sheet())).join("\n")
      : renderConformanceTable(done, paintFor(stdout)),
  );
}
