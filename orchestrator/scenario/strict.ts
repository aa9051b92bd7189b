import { z } from "zod";

/** A mapping without unknown keys, whose complaint about one carries the known ones ({@link knownKeys}). */
export function strict<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(" ");
  return z.strictObject(shape, { error: ({ code }) => (code === "unrecognized_keys" ? known : undefined) });
}

/** The keys that the mapping of an `unrecognized_keys` issue may have. */
export function knownKeys({ message }: { readonly message: string }): string[] {
  return message.split(" ");
}

/** A value, or a list of values any of which will do. */
export function oneOrMore<Value extends z.ZodType>(value: Value) {
  return z.union([value, z.array(value).min(1)]);
}
