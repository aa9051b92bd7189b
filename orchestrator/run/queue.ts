import { layersOf, serves, shapeOf } from "../plan/shape.ts";
import type { Cell } from "../scenario/cell.ts";

/**
 * Hands cells to workers so that one worker's successive cells share their gateways wherever possible: swapping rules and
 * calibrating costs more than many an attempt. When no untouched group is left, a worker helps with the largest one.
 */
export class CellQueue {
  readonly #groups = new Map<string, Cell[]>();
  readonly #owned = new Set<string>();

  constructor(cells: readonly Cell[]) {
    // worlds with the same carriers serve each other's cells, and one with neighbours those without, but not the other way round
    const carriers = Map.groupBy(cells, (cell) => shapeOf(cell).carriers.join());
    const neighbours = (cell: Cell): number => shapeOf(cell).neighbours.length;
    const order = [...carriers.values()].flatMap((some) =>
      some.toSorted((one, other) => neighbours(other) - neighbours(one)),
    );
    for (const cell of order) {
      const key = groupOf(cell);
      const group = this.#groups.get(key);
      if (group) group.push(cell);
      else this.#groups.set(key, [cell]);
    }
  }

  /** The cell that a new worker would get, without taking it. */
  peek(): Cell | undefined {
    return this.#groups.get(this.#untouched() ?? this.#largest() ?? "")?.[0];
  }

  /** Hands out nothing more. */
  clear(): void {
    this.#groups.clear();
  }

  /** The next cell for a worker that last ran one of `previous`'s group; undefined when none is left. */
  next(previous: Cell | undefined): Cell | undefined {
    const same = previous && groupOf(previous);
    const key = same !== undefined && this.#groups.has(same) ? same : (this.#untouched(previous) ?? this.#largest());
    if (key === undefined) return undefined;
    this.#owned.add(key);
    const group = this.#groups.get(key) ?? [];
    const cell = group.shift();
    if (group.length === 0) this.#groups.delete(key);
    return cell;
  }

  /** A group that nobody has, if there is one for the world that played `previous`. */
  #untouched(previous?: Cell): string | undefined {
    const free = [...this.#groups].filter(([key]) => !this.#owned.has(key));
    const world = previous && shapeOf(previous);
    const fitting = world && free.find(([, [cell]]) => cell && serves(world, shapeOf(cell)));
    return (fitting ?? free[0])?.[0];
  }

  #largest(): string | undefined {
    return [...this.#groups].toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0];
  }
}

/** Cells that need the same world: the same neighbours and the same gateways. */
function groupOf(cell: Cell): string {
  return JSON.stringify([shapeOf(cell).neighbours, layersOf(cell)]);
}
