/** A drawing of so many units, with the words that a reader who cannot see it gets. Colours follow the reader's light or dark theme. */
export function drawing(size: { width: number; height: number }, about: string, parts: readonly string[]): string {
  const { width, height } = size;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(about)}</title>`,
    `<style>${STYLE}</style>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

const STYLE = [
  "text { font: 12px system-ui, sans-serif; fill: #24292f }",
  ".head { font-weight: 600 }",
  ".faint { fill: #57606a }",
  ".share { fill: #0969da }",
  ".empty { fill: none; stroke: #8c959f; stroke-dasharray: 2 2 }",
  ".on { fill: #ffffff }",
  ".axis { stroke: #8c959f; stroke-width: 1 }",
  ".theory { stroke: #bf5b00; fill: none; stroke-width: 1.5; stroke-dasharray: 5 3 }",
  ".mark { fill: #bf5b00 }",
  ".bar { stroke: #0969da; stroke-width: 2 }",
  "@media (prefers-color-scheme: dark) {",
  "  text { fill: #e6edf3 } .faint { fill: #9198a1 } .share { fill: #388bfd } .bar { stroke: #388bfd }",
  "  .theory { stroke: #f0883e } .mark { fill: #f0883e }",
  "}",
].join("\n");

export function text(x: number, y: number, words: string, { anchor = "middle", style = "" } = {}): string {
  const kind = style ? ` class="${style}"` : "";
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${kind}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
