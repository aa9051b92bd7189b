/**
 * JSON messages that strangers send a line each: checks of their parts, and parsing by a table of checks. Nothing here throws, and
 * a message with a part too many is as malformed as one with a part too few.
 */

/** A message, or why the line is none. Never throws: the line comes from a stranger. */
export type Parsed<T> = { readonly ok: true; readonly message: T } | { readonly ok: false; readonly error: string };

type Fields = Readonly<Record<string, unknown>>;
export type Check = (value: unknown) => boolean;

/** Printable ASCII: names and reasons end up in logs and reports. */
export const isText: Check = (value) => typeof value === "string" && /^[\x20-\x7e]{1,200}$/.test(value);
export const isU32: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 0xffffffff;
export const isU16: Check = (value) => isU32(value) && (value as number) <= 0xffff;
export const isU8: Check = (value) => isU16(value) && (value as number) <= 0xff;
export const isPort: Check = (value) => isU16(value) && value !== 0;
/** A time in microseconds since the epoch fits. */
export const isWhole: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
export const isBoolean: Check = (value) => typeof value === "boolean";
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
export const oneOf =
  (...allowed: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && allowed.includes(value);
export const listOf =
  (check: Check, fewest: number, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length >= fewest && value.length <= most && value.every(check);
const isOctet = (part: string): boolean => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255;
export const isIp: Check = (value) =>
  typeof value === "string" && value.split(".").length === 4 && value.split(".").every(isOctet);
export const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
    const fields = value as Fields;
    return (
      Object.keys(fields).every((key) => Object.hasOwn(checks, key)) &&
      Object.entries(checks).every(([key, check]) => check(fields[key]))
    );
  };
export const isEndpoint = record({ ip: isIp, port: isPort });

/** Checks of every kind of message of a dialect, by its `t`. */
export type Dialect = Readonly<Record<string, Readonly<Record<string, Check>>>>;

/** Reads one line of a dialect. */
export function parseMessage<T>(line: string, table: Dialect): Parsed<T> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, error: "not a JSON object" };
  }
  if (typeof value !== "object" || value === null) return { ok: false, error: "not a JSON object" };
  const kind = (value as Fields)["t"];
  if (typeof kind !== "string" || !Object.hasOwn(table, kind)) return { ok: false, error: "unknown message" };
  const checks = table[kind] as Readonly<Record<string, Check>>;
  if (!record({ t: isText, ...checks })(value)) return { ok: false, error: `malformed ${kind}` };
  return { ok: true, message: value as T };
}
