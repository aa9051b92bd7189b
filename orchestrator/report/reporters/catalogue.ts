import type { Reporter } from "./reporter.ts";

/** The reporters that --reporter can name; each is loaded by the first run that needs it. */
export const REPORTERS = {
  terminal: async () => (await import("./terminal.ts")).terminal,
  line: async () => (await import("./line.ts")).line,
  json: async () => (await import("./json.ts")).json,
  junit: async () => (await import("./junit.ts")).junit,
  github: async () => (await import("./github.ts")).github,
  markdown: async () => (await import("./markdown.ts")).markdown,
  html: async () => (await import("./html.ts")).html,
  blob: async () => (await import("./blob.ts")).blob,
} as const satisfies Record<string, () => Promise<Reporter>>;

export type ReporterName = keyof typeof REPORTERS;

/** A reporter that was asked for, and the file that it is to write instead of its own place. */
export interface Wanted {
  readonly name: ReporterName;
  readonly to?: string;
}
