import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

/** One message of the engine's build, pull and import streams. */
interface Progress {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

export type StreamEnd =
  { readonly kind: "done"; readonly last: string } | { readonly kind: "failed"; readonly why: string };

/**
 * Reads an engine's JSON stream to its end, giving each text line to `onLine`. The engine answers 200 and reports failures in the stream,
 * as its last message; that is returned, not thrown.
 */
export async function readProgress(stream: NodeJS.ReadableStream, onLine: (line: string) => void): Promise<StreamEnd> {
  let last = "";
  for await (const text of createInterface({ input: stream as Readable, crlfDelay: Infinity })) {
    if (text.trim() === "") continue;
    const { stream: output, status, error } = JSON.parse(text) as Progress;
    if (error !== undefined) return { kind: "failed", why: error };
    const words = stripVTControlCharacters(output ?? status ?? "");
    for (const line of words.split("\n").filter((part) => part.trim() !== "")) onLine((last = line));
  }
  return { kind: "done", last };
}
