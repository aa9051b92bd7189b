import { renderMarkdown } from "../markdown.ts";
import { deliver, type Reporter } from "./reporter.ts";

/** report.md in the run directory. */
export const markdown: Reporter = (run, desk) =>
  deliver(run, desk, { name: "report.md", content: renderMarkdown(run.report) });
