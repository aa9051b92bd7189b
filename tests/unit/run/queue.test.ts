import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { CellQueue } from "../../../orchestrator/run/queue.ts";
import type { Cell } from "../../../orchestrator/scenario/cell.ts";
import { PLAIN_CORE } from "../../../wire/control.ts";

/** A cell of a group: its gateways, and whether it has a neighbour. */
function cellOf(group: number, index: number): Cell {
  const ports = { kind: "sequential", step: 1 + (group >> 1), range: { from: 40_000, to: 40_511 } } as const;
  const nat = { kind: "nat", name: "n", model: completeModel({ ports }) } as const;
  return {
    id: `${group}-${index}`,
    scenario: "s",
    block: "b",
    technique: { name: "connect" },
    na: nat,
    nb: nat,
    core: PLAIN_CORE,
    trials: 1,
    deadlineMs: 1000,
    expected: { verdict: "direct" },
    ...(group % 2 === 1 ? { neighbours: { a: { everyMs: 10, arrivals: "regular" as const } } } : {}),
  };
}
const groupOf = ({ id }: Cell): string => id.split("-")[0] ?? "";

const cellLists = fc.array(fc.nat(7), { maxLength: 60 }).map((groups) => groups.map(cellOf));
/** Which worker asks next, over and over. */
const turns = fc.infiniteStream(fc.nat(7));

/** Lets workers ask in the drawn order until all got nothing; `seen` is what each turn gave. */
function drain(cells: readonly Cell[], workers: number, turn: Iterator<number>) {
  const queue = new CellQueue(cells);
  const last = new Map<number, Cell>();
  const done = new Set<number>();
  const handed: { previous: Cell | undefined; cell: Cell; left: Cell[] }[] = [];
  const left = new Set(cells);
  while (done.size < workers) {
    const worker = (turn.next().value as number) % workers;
    const previous = last.get(worker);
    const cell = queue.next(previous);
    if (!cell) {
      done.add(worker);
      continue;
    }
    handed.push({ previous, cell, left: [...left] });
    left.delete(cell);
    last.set(worker, cell);
  }
  return handed;
}

describe("the queue of cells", () => {
  it("hands out every cell exactly once, whatever the number of workers and whoever asks next", () => {
    fc.assert(
      fc.property(cellLists, fc.integer({ min: 1, max: 8 }), turns, (cells, workers, turn) => {
        const ids = drain(cells, workers, turn).map(({ cell }) => cell.id);
        expect(ids.toSorted()).toEqual(cells.map(({ id }) => id).toSorted());
      }),
    );
  });

  it("keeps a worker in its group as long as the group has cells", () => {
    fc.assert(
      fc.property(cellLists, fc.integer({ min: 1, max: 8 }), turns, (cells, workers, turn) => {
        for (const { previous, cell, left } of drain(cells, workers, turn)) {
          if (!previous || !left.some((one) => groupOf(one) === groupOf(previous))) continue;
          expect(groupOf(cell)).toBe(groupOf(previous));
        }
      }),
    );
  });

  it("gives a worker whose group is empty a group that nobody has touched, and otherwise the largest", () => {
    fc.assert(
      fc.property(cellLists, fc.integer({ min: 1, max: 8 }), turns, (cells, workers, turn) => {
        const touched = new Set<string>();
        for (const { previous, cell, left } of drain(cells, workers, turn)) {
          const sizes = Map.groupBy(left, groupOf);
          const moved = !previous || !sizes.has(groupOf(previous));
          if (moved && [...sizes.keys()].some((group) => !touched.has(group)))
            expect(touched.has(groupOf(cell))).toBe(false);
          else if (moved)
            expect(sizes.get(groupOf(cell))).toHaveLength(Math.max(...[...sizes.values()].map((some) => some.length)));
          touched.add(groupOf(cell));
        }
      }),
    );
  });

  it("keeps the order of the scenario within a group", () => {
    const cells = [3, 1, 3, 1, 3].map(cellOf);
    const alone = drain(cells, 1, turnsOf(0)).map(({ cell }) => cell.id);
    expect(alone).toEqual(["3-0", "3-2", "3-4", "1-1", "1-3"]);
  });

  it("gives a worker of untouched groups first one that its world can serve", () => {
    const behind = { kind: "shared", nat: cellOf(0, 0).na } as const;
    const carried = (cell: Cell): Cell => ({ ...cell, carrier: behind as NonNullable<Cell["carrier"]> });
    const cells = [cellOf(0, 0), carried(cellOf(2, 1)), cellOf(4, 2), carried(cellOf(6, 3))];
    expect(drain(cells, 1, turnsOf(0)).map(({ cell }) => cell.id)).toEqual(["0-0", "4-2", "2-1", "6-3"]);
    const queue = new CellQueue(cells);
    expect([cells[1], cells[0]].map((previous) => queue.next(previous)?.id)).toEqual(["2-1", "0-0"]);
    expect([cells[1], cells[0]].map((previous) => queue.next(previous)?.id)).toEqual(["6-3", "4-2"]);
  });

  it("hands out nothing more once it was cleared", () => {
    const queue = new CellQueue([cellOf(0, 0), cellOf(0, 1)]);
    const cell = queue.next(undefined);
    queue.clear();
    expect(queue.next(cell)).toBeUndefined();
    expect(queue.next(undefined)).toBeUndefined();
  });
});

function* turnsOf(worker: number): Generator<number> {
  for (;;) yield worker;
}
