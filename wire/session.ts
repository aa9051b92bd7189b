import { scryptSync } from "node:crypto";

/** What follows from the one secret that two users agree on. */
export interface SessionSecrets {
  /** The session's name at X. */
  readonly session: string;
  /** What X asks for: who knows the name alone cannot take a seat. */
  readonly key: string;
  /** What the peers prove to each other, and X never learns. */
  readonly greetingKey: string;
}

const SALT = "natbed session 1";
const BYTES = 16;

/** Derives them by scrypt (RFC 7914), so that trying out likely words costs whoever overheard a name some 50 ms each. */
export function deriveSession(words: string): SessionSecrets {
  const bytes = scryptSync(words.normalize("NFC"), SALT, 3 * BYTES);
  const part = (index: number): string => bytes.toString("hex", index * BYTES, (index + 1) * BYTES);
  return { session: part(0), key: part(1), greetingKey: part(2) };
}
