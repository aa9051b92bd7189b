import type { Cell } from "../scenario/cell.ts";

/**
 * Hands cells to workers so that one worker's successive cells share their gateways wherever possible: swapping rules and
 * calibrating costs more than many an attempt. When no untouched group is left, a worker helps with the largest one.
 */
export class CellQueue {
  readonly #groups = new Map<string, Cell[]>();
  readonly #owned = new Set<string>();

  constructor(cells: readonly Cell[]) {
    // a world with the neighbour serves every other cell too, but not the other way round: its cells come first
    for (const cell of cells.toSorted((one, other) => Number(!one.neighbours) - Number(!other.neighbours))) {
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
    const key = same !== undefined && this.#groups.has(same) ? same : (this.#untouched() ?? this.#largest());
    if (key === undefined) return undefined;
    this.#owned.add(key);
    const group = this.#groups.get(key) ?? [];
    const cell = group.shift();
    if (group.length === 0) this.#groups.delete(key);
    return cell;
  }

  #untouched(): string | undefined {
    return [...this.#groups.keys()].find((key) => !this.#owned.has(key));
  }

  #largest(): string | undefined {
    return [...this.#groups].toSorted(([, one], [, other]) => other.length - one.length)[0]?.[0];
  }
}

/** Cells that need the same world: neighbour or not, and the same gateways. */
function groupOf({ na, nb, neighbours }: Cell): string {
  return JSON.stringify([neighbours !== undefined, na, nb]);
}
