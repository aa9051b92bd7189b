/**
 * A value as JSON that is harmless on a terminal: what one might act upon or would not show is escaped, which leaves every value as it is (RFC
 * 8259 section 7 allows it for any character).
 */
export function renderJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2).replace(UNSEEN, escaped)}\n`;
}

/** As in ladder/visible.ts, but for the line ends between values; JSON.stringify has escaped what is below U+0020, and lone surrogates. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A character beyond U+FFFF is two units, each with an escape of its own. */
function escaped(char: string): string {
  return char
    .split("")
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
