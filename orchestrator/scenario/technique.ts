import { z } from "zod";
import type { TechniqueSpec } from "../../wire/technique.ts";
import { BY_TABLE, entry, NO_NAT, type MatrixEntry } from "./schema.ts";

/** A technique as an entry describes it, with all of its options. */
export function techniqueOf(entry: MatrixEntry): TechniqueSpec {
  switch (entry.technique) {
    case "connect":
    case "public":
    case "relay":
      return { name: entry.technique };
    case "simultaneous-open":
      return { name: entry.technique, ...entry.options };
    case "p2pnat":
      return { name: entry.technique, ...entry.options };
    case "birthday-open":
      return { name: entry.technique, ...entry.options };
    case "sequential-open":
      return { name: entry.technique, ...entry.options };
    case "stunt-1":
      return { name: entry.technique, ...entry.options };
    case "stunt-2":
      return { name: entry.technique, ...entry.options };
    case "natblaster-1":
    case "natblaster-3":
      return { name: entry.technique, ...entry.options };
    case "natblaster-2":
      return { name: entry.technique, ...entry.options };
    case "natblaster-4": {
      const { search, syns = BIRTHDAY_SYNS, sequenceShift = "none", ...punch } = entry.options;
      return search === "birthday"
        ? { name: entry.technique, search, syns, ...punch }
        : { name: entry.technique, search, sequenceShift, ...punch };
    }
    case "tcp-repair":
      return { name: entry.technique, ...entry.options };
    case "natblaster-6":
      return { name: entry.technique, ...entry.options };
    case "natblaster-5":
      return { name: entry.technique, ...entry.options };
    case "auto":
      return { name: entry.technique, ...entry.options };
  }
}

/** Of 64,512 ports: one in 20 such birthdays finds nothing. */
const BIRTHDAY_SYNS = 439;

/** What must be said for a technique to have options that it lacks otherwise. */
const VARIANTS: Partial<Record<TechniqueSpec["name"], object>> = { "natblaster-4": { search: "ack-sweep" } };

/** The options of a technique of which a scenario says nothing, with those of its variants. */
export function defaultOptions(name: TechniqueSpec["name"]): Readonly<Record<string, unknown>> {
  const variant = VARIANTS[name];
  return { ...(variant && optionsOf(name, { options: variant })), ...optionsOf(name, {}) };
}

function optionsOf(technique: TechniqueSpec["name"], said: { readonly options?: object }): object {
  const parsed = entry(z.string()).parse({ technique, na: [NO_NAT], nb: [NO_NAT], expect: BY_TABLE, ...said });
  const { name: _, ...options } = techniqueOf(parsed);
  return options;
}
