import type { RunReport } from "../report/events.ts";

/** Prints a run's end on stdout, as tables or as the report itself. */
export async function printReport(report: RunReport, json: boolean): Promise<void> {
  if (json) {
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    return;
  }
  const [{ renderTable }, { paintFor }] = await Promise.all([
    import("../report/table.ts"),
    import("../report/words.ts"),
  ]);
  const { stdout } = process;
  process.stdout.write(renderTable(report, { paint: paintFor(stdout), columns: stdout.columns || 120 }));
}
