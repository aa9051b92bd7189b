/**
 * Text from outside made harmless for a terminal: control characters, what turns the direction of writing, and what is not seen at all
 * become escapes, so that nothing in a log line can move the cursor, recolour or hide a part of it.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

/** Controls, format characters (bidirectional ones, zero width), line and paragraph separators, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
