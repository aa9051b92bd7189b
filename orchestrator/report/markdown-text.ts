/** Text that Markdown and the HTML in it leave as it is; line ends become blanks. */
export function prose(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll(/[\\`*_[\]~|]/g, (char) => `\\${char}`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}

/** A code span with fences that no run of backticks inside can close (CommonMark section 6.1). */
export function code(text: string): string {
  const runs = text.match(/`+/g) ?? [];
  const fence = "`".repeat(Math.max(0, ...runs.map(({ length }) => length)) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${pad}${text.replaceAll(/\s*\n\s*/g, " ")}${pad}${fence}`;
}
