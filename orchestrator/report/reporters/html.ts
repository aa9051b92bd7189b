import { join } from "node:path";
import { renderPage, writePage } from "../html/write.ts";
import type { Reporter } from "./reporter.ts";

/** report.html in the run directory: all of the run in one file. */
export const html: Reporter = async (run, { to, print, before }) => {
  const options = before ? { before } : {};
  if (to === "-") {
    for await (const piece of renderPage(run, options)) print(piece);
    return undefined;
  }
  const path = to ?? join(run.report.dir, "report.html");
  await writePage(path, run, options);
  return path;
};
