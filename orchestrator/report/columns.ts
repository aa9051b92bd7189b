import { stripVTControlCharacters } from "node:util";

/** Below this, a last column gets lines of its own. */
const LEAST_WIDTH = 36;
const INDENT = 4;

/**
 * Rows of a table without lines, as wide as each column needs; the last column is wrapped into what `width` leaves, at words and where
 * it has line ends itself. A pipe has no width (`Infinity`): there a row stays one line, for grep.
 */
export function columns(rows: readonly (readonly string[])[], width = Infinity): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count - 1 }, (_, at) => Math.max(...rows.map((row) => visible(row[at] ?? ""))));
  const beside = widths.reduce((sum, one) => sum + one + 2, 0);
  const under = width - beside < LEAST_WIDTH;
  const indent = " ".repeat(under ? INDENT : beside);
  return rows
    .flatMap((row) => {
      const head = widths.map((one, at) => pad(row[at] ?? "", one) + "  ").join("");
      const last = wrap(row[count - 1] ?? "", width - indent.length);
      if (under && visible(head) + visible(last.join("\n")) > width)
        return [head, ...last.map((line) => indent + line)];
      return last.map((line, at) => (at === 0 ? head : indent) + line);
    })
    .map((line) => line.trimEnd())
    .join("\n");
}

/** Lines of at most so many visible characters; a longer word stays whole. */
export function wrap(text: string, width: number): string[] {
  if (width === Infinity) return [text.replaceAll("\n", "  ")];
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(" ")) {
      const line = lines.at(-1);
      if (line !== undefined && visible(line) + 1 + visible(word) <= width) lines[lines.length - 1] = `${line} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}

export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - visible(text)));
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length;
}
