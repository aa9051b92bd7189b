import { renderJson } from "../json.ts";
import { printOrWrite, type Reporter } from "./reporter.ts";

/** The report itself, as scripts read it (report.schema.json). */
export const json: Reporter = (run, desk) => printOrWrite(run, desk, renderJson(run.report));
