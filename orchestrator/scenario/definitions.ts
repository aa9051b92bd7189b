import { z } from "zod";
import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { resolveNats } from "./gateways.ts";
import { explainIssue } from "./problem.ts";
import { scenarioSchema } from "./schema.ts";
import { parseSource } from "./source.ts";
import { strict } from "./strict.ts";

/**
 * The NATs that a text defines, in its order: a scenario file's own, whatever else it says, or those of a file with the section `nats` alone,
 * as `natbed nat from` prints it. Throws NatbedError `scenario-invalid` with line and column of every problem.
 */
export function parseNats(path: string, text: string): ReadonlyMap<string, NamedNat> {
  const source = parseSource(path, text);
  const parsed = definitionsSchema().safeParse(source.data);
  if (!parsed.success) throw source.error(parsed.error.issues.flatMap((issue) => explainIssue(issue, source.data)));
  const { nats, problems } = resolveNats(parsed.data.nats);
  if (problems.length > 0) throw source.error(problems);
  return new Map([...nats].filter(([name]) => !(name in NATS)));
}

function definitionsSchema() {
  const { nats, ...others } = scenarioSchema().shape;
  const unread = Object.keys(others).map((key) => [key, z.unknown().optional()] as const);
  return strict({ ...Object.fromEntries(unread), nats: nats.unwrap() });
}
