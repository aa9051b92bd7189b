import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { filterCells, partOf, selectCells } from "../../../orchestrator/cli/selection.ts";
import { shardOf } from "../../../orchestrator/cli/values.ts";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
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

describe("--shard", () => {
  const cells = Array.from({ length: 11 }, (_, n): Cell => ({ ...CELLS[0]!, id: `cell-${n}` }));

  it.each([1, 2, 3, 11])(
    "of %i: each cell is in one, in the order of the run, and none has two more than another",
    (of) => {
      const shards = Array.from({ length: of }, (_, n) => partOf(cells, { part: n + 1, of }));
      expect(shards.flat().toSorted((p, q) => cells.indexOf(p) - cells.indexOf(q))).toEqual(cells);
      for (const shard of shards) {
        expect(shard).toEqual(cells.filter((cell) => shard.includes(cell)));
        expect(Math.abs(shard.length - cells.length / of)).toBeLessThan(1);
      }
    },
  );

  it("that would be empty is a usage error, which says how many there can be", () => {
    expect(() => partOf(cells, { part: 12, of: 20 })).toThrow(
      expect.objectContaining({
        kind: "usage",
        code: "no-match",
        message: "--shard 12/20 has no cell: the 11 cells are in earlier shards",
        hint: "with these cells there can be up to 11 shards",
      }),
    );
  });

  it("is of the cells that a filter leaves", async () => {
    const filters = ["relay"];
    const relayed = await selectCells(["scenarios/paper.yaml"], { limits: {}, filters });
    const second = await selectCells(["scenarios/paper.yaml"], { limits: {}, filters, shard: { part: 2, of: 2 } });
    expect(second).toEqual(relayed.filter((_, index) => index % 2 === 1));
    expect(second.length).toBeGreaterThan(0);
  });

  it.each(["0/3", "4/3", "3", "1/0", "a/b", "1/2/3", "-1/3", "1.5/3", ""])("is no %j", (text) => {
    expect(() => shardOf(text)).toThrow("Expected I/N, from 1/N to N/N.");
  });
});

describe("several scenario files", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "natbed-selection-"));
    for (const [file, name] of Object.entries({ one: "one", two: "two", copy: "one" })) {
      const text = `name: ${name}\nmatrix:\n  - { technique: public, na: [none], nb: [none], expect: [{ verdict: direct }] }\n`;
      await writeFile(join(dir, `${file}.yaml`), text);
    }
  });
  afterAll(() => rm(dir, { recursive: true }));
  const every = { limits: {}, filters: [] };
  const select = (names: string[]) =>
    selectCells(
      names.map((name) => join(dir, name)),
      every,
    );

  it("put the scenario's name before the id", async () => {
    expect((await select(["one.yaml", "two.yaml"])).map(({ id }) => id)).toEqual([
      "one.public.none~none",
      "two.public.none~none",
    ]);
    expect((await select(["one.yaml"])).map(({ id }) => id)).toEqual(["public.none~none"]);
  });

  it("that hold the same cell are a usage error", async () => {
    await expect(select(["one.yaml", "copy.yaml"])).rejects.toMatchObject({
      kind: "usage",
      message: "cell one.public.none~none is in two of the scenario files",
      hint: "give each scenario a name of its own",
    });
  });

  it("one of which is given twice, however it is spelled, are a usage error that says so", async () => {
    const twice = { kind: "usage", message: expect.stringMatching(/one\.yaml is given twice$/) as string };
    await expect(select(["one.yaml", "one.yaml"])).rejects.toMatchObject(twice);
    const other = `${dir}/./one.yaml`;
    await expect(selectCells([join(dir, "one.yaml"), join(dir, "two.yaml"), other], every)).rejects.toMatchObject(
      twice,
    );
  });
});
