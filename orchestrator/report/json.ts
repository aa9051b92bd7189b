import type { RunReport } from "./events.ts";

/**
 * The report as JSON. What a terminal might act upon or would not show is escaped, which leaves every value as it is: RFC 8259 section 7
 * allows it for any character.
 */
export function renderJson(report: RunReport): string {
  return `${jsonText(report)}\n`;
}

/** Any value as JSON that is harmless on a terminal. */
function jsonText(value: unknown): string {
  const escaped = (char: string): string =>
    [...Array(char.length).keys()].map((at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");
  return JSON.stringify(value, undefined, 2).replace(UNSEEN, escaped);
}

/** As in ladder/visible.ts, but for the line ends between the values; JSON.stringify has escaped what is below U+0020 and lone surrogates. */
const UNSEEN = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;
