import { renderJunit } from "../junit.ts";
import { deliver, type Reporter } from "./reporter.ts";

/** junit.xml in the run directory, for CI servers. */
export const junit: Reporter = (run, desk) =>
  deliver(run, desk, { name: "junit.xml", content: renderJunit(run.report) });
