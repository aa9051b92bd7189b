import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filterCells, selectCells } from "../../../orchestrator/cli/selection.ts";
import { CELLS } from "../report/results.ts";

const ids = (filters: string[]) => filterCells(CELLS, filters).map(({ id }) => id);

describe("--filter", () => {
  it("chooses by a part of the id, of the block, or by a regular expression", () => {
    expect(ids(["relay"])).toEqual(["relay.random~random.drop.te-translate"]);
    expect(ids(["/^(public|relay)\\./"])).toHaveLength(2);
    expect(ids(["/^PUBLIC$/i"])).toEqual(["public.none~none"]);
    expect(ids([])).toHaveLength(CELLS.length);
  });

  it("given twice chooses what fits either, in the order of the run", () => {
    expect(ids(["public", "relay"])).toEqual(CELLS.map(({ id }) => id).filter((id) => /^(public|relay)/.test(id)));
  });

  it("that chooses nothing is a usage error with what was perhaps meant", () => {
    expect(() => ids(["relay", "presreve"])).toThrow(
      expect.objectContaining({ kind: "usage", code: "no-match", hint: "did you mean preserve?" }),
    );
    expect(() => ids(["simultanous-open"])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("simultaneous-open") as string }),
    );
    expect(() => ids(["qqqqqq"])).toThrow(
      expect.objectContaining({ hint: "natbed matrix --list shows every cell's id" }),
    );
  });

  it("that is no regular expression is a usage error", () => {
    expect(() => ids(["/(/"])).toThrow(expect.objectContaining({ kind: "usage", code: "filter-invalid" }));
  });
});

describe("several scenario files", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "natbed-selection-"));
    for (const name of ["one", "two"]) {
      const text = `name: ${name}\nmatrix:\n  - { technique: public, na: [none], nb: [none], expect: [{ verdict: direct }] }\n`;
      await writeFile(join(dir, `${name}.yaml`), text);
    }
  });
  afterAll(() => rm(dir, { recursive: true }));
  const select = (names: string[]) =>
    selectCells(
      names.map((name) => join(dir, name)),
      { limits: {}, filters: [] },
    );

  it("put the scenario's name before the id", async () => {
    expect((await select(["one.yaml", "two.yaml"])).map(({ id }) => id)).toEqual([
      "one.public.none~none",
      "two.public.none~none",
    ]);
    expect((await select(["one.yaml"])).map(({ id }) => id)).toEqual(["public.none~none"]);
  });

  it("that hold the same cell are a usage error", async () => {
    await expect(select(["one.yaml", "one.yaml"])).rejects.toMatchObject({ kind: "usage" });
  });
});
