import { gzipSync } from "node:zlib";
import type { CellContent, Overview } from "./content.ts";

/** Where the page's program expects the data. */
const MARK = "<!--natbed-data-->";
/** Cells are read when they are opened, the overview at once. */
export type BlockId = "overview" | `cell-${number}` | `capture-${number}-${number}`;

/** What stands before the data and what stands behind it. Throws where the shell has no place for data. */
export function splitShell(shell: string, title: string): readonly [head: string, foot: string] {
  const [head, foot, ...others] = shell.split(MARK);
  if (head === undefined || foot === undefined || others.length > 0) throw new Error(`the shell has no single ${MARK}`);
  return [head.replace("<title>natbed</title>", () => `<title>${escaped(title)} – natbed</title>`), foot];
}

/** Base64 has no character that means anything to HTML, so that nothing in the data can leave its element. */
export function dataBlock(id: BlockId, base64: string): string {
  return `<script type="application/octet-stream" id="${id}">${base64}</script>\n`;
}

export const packJson = (value: Overview | CellContent): string => packBytes(Buffer.from(JSON.stringify(value)));

export const packBytes = (bytes: Uint8Array): string => gzipSync(bytes).toString("base64");

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => ENTITIES[char]!);
