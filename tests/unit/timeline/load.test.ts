import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layersOf } from "../../../orchestrator/plan/shape.ts";
import { readTrial } from "../../../orchestrator/timeline/load.ts";
import { timelineOf } from "../../../orchestrator/timeline/timeline.ts";
import { withRun } from "./run.ts";

describe("what is left of a trial", () => {
  it("is all of it, without a fault, where nothing is missing", async () => {
    await withRun("reset-by-nat", async (_run, id, trial) => {
      const { record, cell, faults } = await readTrial(trial);
      expect(faults).toEqual([]);
      expect(cell?.id).toBe(id);
      expect(timelineOf(record, layersOf(cell!)).rows.length).toBeGreaterThan(100);
    });
  });

  it("is shown wherever the capture was cut, with the place", async () => {
    await withRun("reset-by-nat", async (_run, _id, trial) => {
      const path = join(trial, "capture.pcapng");
      const whole = readFileSync(path);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
          writeFileSync(path, whole.subarray(0, length));
          const { record, faults } = await readTrial(trial);
          const packets = Object.values(record.captures).reduce((sum, capture) => sum + capture.packets.length, 0);
          const rows = timelineOf(record, []).rows.filter((row) => row.kind === "packet");
          expect(rows.reduce((sum, { sightings }) => sum + sightings.length, 0)).toBe(packets);
          for (const fault of faults)
            expect(fault).toMatch(/^capture\.pcapng (ends at byte \d+, behind \d+ packets: |holds |ends before )/);
          expect(faults).toHaveLength(1);
        }),
        { numRuns: 40 },
      );
    });
  });

  it("is shown without any one of its files, and says which is missing", async () => {
    for (const file of ["capture.pcapng", "conntrack.jsonl", "agents.jsonl", "evidence.json", "../cell.json"])
      await withRun("filtered", async (_run, _id, trial) => {
        rmSync(join(trial, file));
        const { record, faults } = await readTrial(trial);
        expect(faults).toEqual([`${file.replace("../", "")} is missing`]);
        expect(timelineOf(record, []).rows.length).toBeGreaterThan(20);
      });
  });

  it("keeps the lines that can be read", async () => {
    await withRun("filtered", async (_run, _id, trial) => {
      const path = join(trial, "agents.jsonl");
      const lines = readFileSync(path, "utf8");
      writeFileSync(path, `{"no": "log line"}\n${lines}{"event":"log","atU`);
      const { record, faults } = await readTrial(trial);
      const count = lines.trimEnd().split("\n").length;
      expect(record.logs).toHaveLength(count);
      expect(faults).toEqual([`agents.jsonl: 2 of ${count + 2} lines cannot be read`]);
    });
  });

  it("is nothing where a directory has none of it", async () => {
    await expect(readTrial("/proc/self")).rejects.toMatchObject({ kind: "usage", code: "trial-unreadable" });
  });
});
