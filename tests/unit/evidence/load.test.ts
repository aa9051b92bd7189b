import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NatbedError } from "../../../orchestrator/errors.ts";
import { readEvidence } from "../../../orchestrator/evidence/load.ts";
import { writeEvidence } from "../../../orchestrator/evidence/store.ts";
import type { Evidence } from "../../../orchestrator/evidence/types.ts";
import { EVIDENCE_FILES, RECORDINGS, withTrial, type EvidenceFile } from "../verdict/recorded/index.ts";

const TRIAL = "direct-crossed";

describe("a trial's evidence", () => {
  it.each(RECORDINGS)("of %s is the same after it was written and read again, file by file", async (name) => {
    await withTrial(name, async (dir, cell) => {
      const evidence = await readEvidence(dir);
      const copy = mkdtempSync(join(tmpdir(), "natbed-copy-"));
      try {
        await writeEvidence(copy, cell.id, evidence);
        for (const file of EVIDENCE_FILES.filter((one) => one !== "evidence.json"))
          // its keys may come in another order
          expect(readFileSync(join(copy, file)).equals(readFileSync(join(dir, file))), file).toBe(true);
        const { holds, ...rest } = JSON.parse(readFileSync(join(copy, "evidence.json"), "utf8")) as { holds: unknown };
        expect(rest).toEqual(JSON.parse(readFileSync(join(dir, "evidence.json"), "utf8"))); // recorded before there were counts
        expect(holds).toEqual(countsOf(evidence));
        expect(plain(await readEvidence(copy))).toEqual(plain(evidence));
      } finally {
        rmSync(copy, { recursive: true });
      }
    });
  });

  it("holds what the nodes saw, each under its own name and interfaces", async () => {
    await withTrial(TRIAL, async (dir) => {
      const { captures, events, logs } = await readEvidence(dir);
      expect(Object.keys(captures).toSorted()).toEqual(["a", "b", "na", "nb", "r", "x"]);
      expect(captures.na?.interfaces.toSorted()).toEqual(["in", "lo", "out"]);
      for (const capture of Object.values(captures)) {
        expect(capture.packets.length).toBeGreaterThan(0);
        expect(capture.packets.every(({ iface }) => capture.interfaces[iface] !== undefined)).toBe(true);
      }
      expect(events.na.length).toBeGreaterThan(0);
      expect(events.nb.every(({ original }) => original.src.ip === "10.2.0.2")).toBe(true);
      expect(new Set(logs.map(({ node }) => node))).toEqual(new Set(["a", "b", "x"]));
    });
  });

  it.each(EVIDENCE_FILES)("without %s is refused", async (file) => {
    await refused((dir) => rmSync(join(dir, file)), file, "ENOENT");
  });

  it.each(EVIDENCE_FILES)("with %s cut in the middle is refused", async (file) => {
    await refused((dir) => truncateSync(join(dir, file), readFileSync(join(dir, file)).length - 9), file, /./);
  });

  it("with an empty capture is refused", async () => {
    await refused((dir) => truncateSync(join(dir, "capture.pcapng")), "capture.pcapng", "the file is empty");
  });

  it.each([
    [1, "no interface of r"],
    [18, "0 packets of r, whose flows have"],
    [300, "packets of r, whose flows have"],
    [-1, "a flow of x does"],
  ])("from before there were counts, with a capture of %i blocks, is refused", async (blocks, detail) => {
    await refused((dir) => keepBlocks(dir, blocks), "capture.pcapng", detail);
  });

  it.each([
    ["capture.pcapng", -1, /holds 1151 packets, and 1152 were written/],
    ["conntrack.jsonl", -1, /holds \d+ events, and \d+ were written/],
    ["agents.jsonl", -1, /holds \d+ log lines, and \d+ were written/],
    ["agents.jsonl", 0, /holds 0 log lines, and \d+ were written/],
  ] as const)("whose %s was cut between two blocks or lines (%i) is refused", async (file, left, detail) => {
    const cut = async (dir: string): Promise<void> => {
      await writeEvidence(dir, "cell", await readEvidence(dir));
      if (file === "capture.pcapng") return keepBlocks(dir, left);
      const lines = readFileSync(join(dir, file), "utf8").trimEnd().split("\n");
      writeFileSync(
        join(dir, file),
        lines
          .slice(0, left)
          .map((line) => `${line}\n`)
          .join(""),
      );
    };
    await refused(cut, file, detail);
  });

  it("with a key that nobody knows is refused, and the key is named", async () => {
    const add = (dir: string): void => {
      const path = join(dir, "evidence.json");
      writeFileSync(path, readFileSync(path, "utf8").replace('"eventsLost"', '"verdict": "direct", "eventsLost"'));
    };
    await refused(add, "evidence.json", "verdict");
  });

  it("with a conntrack event of no NAT is refused, and the field is named", async () => {
    await refused(
      (dir) => appendFileSync(join(dir, "conntrack.jsonl"), '{"node":"x"}\n'),
      "conntrack.jsonl",
      "at node",
    );
  });
});

async function refused(
  damage: (dir: string) => void | Promise<void>,
  file: EvidenceFile,
  detail: string | RegExp,
): Promise<void> {
  await withTrial(TRIAL, async (dir) => {
    await damage(dir);
    const error: unknown = await readEvidence(dir).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NatbedError);
    const { kind, code, message, detail: said } = error as NatbedError;
    expect({ kind, code }).toEqual({ kind: "usage", code: "evidence-unreadable" });
    expect(message).toContain(file);
    expect(said).toMatch(detail);
  });
}

/** Cuts a capture behind so many of its blocks; of fewer than none so many are cut off. */
function keepBlocks(dir: string, count: number): void {
  const path = join(dir, "capture.pcapng");
  const bytes = readFileSync(path);
  const ends: number[] = [];
  for (let end = 0; end < bytes.length; ends.push(end)) end += bytes.readUInt32LE(end + 4);
  truncateSync(path, ends.slice(0, count).at(-1)!);
}

function countsOf({ captures, events, logs }: Evidence): unknown {
  return {
    packets: Object.values(captures).flatMap(({ packets }) => packets).length,
    events: Object.values(events).flat().length,
    logs: logs.length,
  };
}

/** Packets' bytes as text: comparing thousands of views byte by byte takes seconds. */
function plain({ captures, ...rest }: Evidence): unknown {
  const readable = Object.entries(captures).map(([node, { packets, ...totals }]) => {
    const shown = packets.map(({ bytes, ...packet }) => ({ ...packet, bytes: Buffer.from(bytes).toString("hex") }));
    return [node, { ...totals, packets: shown }];
  });
  return { ...rest, captures: Object.fromEntries(readable) as unknown };
}
