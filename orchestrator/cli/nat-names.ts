import { readFile } from "node:fs/promises";
import { text as readStream } from "node:stream/consumers";
import { NatbedError } from "../errors.ts";
import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { suggest } from "../scenario/suggest.ts";
import { option } from "./values.ts";

/** NATs by the names that a user may say. */
export type NamedNats = ReadonlyMap<string, NamedNat>;

const CATALOGUE: NamedNats = new Map(Object.entries(NATS));

/** For every command that takes names of NATs. */
export const fileOption = () =>
  option("--file <file>", "take NATs from this scenario or file of definitions too; - for standard input");

/** The NATs of `--file`, in its order. */
export async function natsOf(file: string): Promise<NamedNats> {
  const text = await readText(file);
  const { parseNats } = await import("../scenario/definitions.ts");
  return parseNats(file === "-" ? "standard input" : file, text);
}

/** A NAT by its name, the file's own before the catalogue's. */
export function natNamed(name: string, own: NamedNats): NamedNat {
  const nat = own.get(name) ?? CATALOGUE.get(name);
  if (nat) return nat;
  const [near] = suggest(name, [...own.keys(), ...CATALOGUE.keys()]);
  throw new NatbedError(`there is no NAT ${name}`, {
    kind: "usage",
    code: "unknown-nat",
    hint: near ? `did you mean ${near}?` : "natbed nat list names them all; --file reads others",
  });
}

/** A file's text, or that of standard input. */
export async function readText(file: string): Promise<string> {
  try {
    return file === "-" ? await readStream(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new NatbedError(`cannot read ${file}`, {
      kind: "usage",
      code: "file-unreadable",
      hint: "name a file that is there and can be read, or - for standard input",
      cause,
    });
  }
}
