import { visible } from "./ladder/visible.ts";

/**
 * A value with every text in it made harmless for people to read: scenarios, agents and errors are from outside, and so is a run directory.
 * An error's detail keeps its lines. Programs get the values as they are.
 */
export function harmless<T>(value: T): T {
  return made(value, "") as T;
}

function made(value: unknown, key: string): unknown {
  if (typeof value === "string") return key === "detail" ? value.split("\n").map(visible).join("\n") : visible(value);
  if (Array.isArray(value)) return value.map((one) => made(one, key));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, made(one, name)]));
}
