import { deflateSync, inflateSync } from "node:zlib";
import { decoded, malformed, type Decoded } from "../../wire/decoded.ts";
import { FINGERPRINT_VERSION, type Fingerprint } from "../../wire/fingerprint.ts";
import { classify } from "./classify.ts";
import { findingLines } from "./findings.ts";
import { fingerprintSchema } from "./fingerprint-schema.ts";

const BEGIN = "-----BEGIN NATBED FINGERPRINT-----";
const END = "-----END NATBED FINGERPRINT-----";
/** Shorter than the 72 columns at which mail programs wrap, with room for a few levels of quoting. */
const COLUMNS = 60;
/** A whole battery is some 30 kB; more is not one, and unpacking must end somewhere. */
const MAX_BYTES = 1 << 20;

/** The block that people paste into bug reports: what it says of the NAT to read, and the fingerprint itself between two markers. */
export function encodeFingerprint(fingerprint: Fingerprint): string {
  const packed = deflateSync(JSON.stringify(fingerprint), { level: 9 }).toString("base64").replaceAll("=", "");
  const lines = packed.match(new RegExp(`.{1,${COLUMNS}}`, "g")) ?? [];
  return [...describeFingerprint(fingerprint), "", BEGIN, ...lines, END, ""].join("\n");
}

/** The readable head: when and how it was taken, and each axis. */
function describeFingerprint(fingerprint: Fingerprint): string[] {
  const { version, mode, takenAt } = fingerprint;
  const lines = findingLines(classify(fingerprint));
  const width = Math.max(...lines.map(({ axis }) => axis.length));
  return [
    `natbed fingerprint ${version}, mode ${mode}, taken ${takenAt}`,
    ...lines.map(({ axis, value }) => `  ${axis.padEnd(width)}  ${value ?? "undetermined"}`),
  ];
}

/**
 * Finds a fingerprint in text that has been pasted, quoted (`> `), indented or wrapped anew, or reads it as JSON. What is wrong with
 * a damaged one is in `error`.
 */
export function decodeFingerprint(text: string): Decoded<Fingerprint> {
  const json = text.trim().startsWith("{") ? decoded(text) : unpack(text);
  if (!json.ok) return json;
  let data: unknown;
  try {
    data = JSON.parse(json.value);
  } catch (error) {
    return malformed(`not JSON: ${(error as Error).message}`);
  }
  const version = (data as { version?: unknown } | null)?.version;
  if (typeof version === "number" && version > FINGERPRINT_VERSION)
    return malformed(`version ${version} is newer than this natbed, which reads version ${FINGERPRINT_VERSION}`);
  const parsed = fingerprintSchema.safeParse(data);
  if (parsed.success) return decoded(parsed.data);
  const [issue] = parsed.error.issues;
  return malformed(`${issue?.path.join(".") || "the whole"}: ${issue?.message}`);
}

function unpack(text: string): Decoded<string> {
  const begin = text.indexOf(BEGIN);
  if (begin === -1) return malformed(`no line says ${BEGIN}`);
  const end = text.indexOf(END, begin);
  if (end === -1) return malformed(`cut off: no line says ${END}`);
  const packed = text
    .slice(begin + BEGIN.length, end)
    .split("\n")
    .map(unquoted)
    .join("");
  const stray = /[^A-Za-z0-9+/]/.exec(packed);
  if (stray) return malformed(`damaged: ${JSON.stringify(stray[0])} does not belong between the markers`);
  try {
    return decoded(inflateSync(Buffer.from(packed, "base64"), { maxOutputLength: MAX_BYTES }).toString());
  } catch (error) {
    return malformed(`damaged: ${(error as Error).message}`);
  }
}

/** Without marks of quotation, white space, and the `=` of quoted-printable line ends. */
function unquoted(line: string): string {
  return line.replace(/^(?:\s|>|\||&gt;|\w{1,12}>)*/, "").replaceAll(/[\s=]/g, "");
}
