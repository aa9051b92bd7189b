import { afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { natbed, openFolder, type Folder } from "../kit/command.ts";

const noEngine = inject("noEngine");

let folder: Folder;
beforeEach(() => {
  folder = openFolder();
});
afterEach(() => folder[Symbol.dispose]());

describe("natbed run", () => {
  it("takes one cell alone, and names one where a filter leaves several", async () => {
    const { code, stdout, stderr } = await natbed(["run", "-t", "relay"], {
      NATBED_DOCKER_HOST: "unix:///nowhere.sock",
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /natbed run takes one cell, and \d+ are chosen \[many-cells\]\n {2}hint: choose one with -t, such as -t relay\./,
    );
  });
});

describe.skipIf(noEngine)("natbed run", () => {
  it("plays the cell, and shows its packets as a ladder with the cause, before the table", async () => {
    const cell = "connect.preserve~preserve.reset.te-translate";
    const { code, stdout } = await natbed(["run", "-t", cell, "--seed", "5", "--output", folder.path]);
    expect(code).toBe(0);
    const shown = stdout.slice(stdout.indexOf(`${cell}, trial-1`));
    expect(shown).toMatch(
      /\nblocked: reset-by-nat at NB\n {2}NB answered A's SYN from NA:\d+ to NB:\d+ with RST \d+\.\d ms\s+after it arrived/,
    );
    expect(shown).toMatch(/ms {2}A +NA +R +X +NB +B\n/);
    expect(shown).toMatch(/ o─+◆─+┼─+│─+✗ +│ {2}SYN A:\d+ as NA:\d+ → NB:\d+/);
    expect(shown).toMatch(/│<─+◆─+┼─+│─+o +│ {2}◀ RST\+ACK NB:\d+ → NA:\d+ for\s/);
    expect(shown).toMatch(/1 cell, 1 as expected, 0 surprises\n/);
  });
});
