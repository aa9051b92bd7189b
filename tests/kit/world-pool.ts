import type { WorldShape } from "../../orchestrator/plan/shape.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { openTestWorld } from "./world.ts";

/** Worlds for tests that wait more than they work, and therefore run at the same time: each test has a world to itself while it lasts. */
export class WorldPool implements AsyncDisposable {
  readonly #worlds: readonly World[];
  readonly #free: World[];
  readonly #waiting: ((world: World) => void)[] = [];

  private constructor(worlds: readonly World[]) {
    this.#worlds = worlds;
    this.#free = [...worlds];
  }

  /** Brings up `count` worlds, called `${name}-0` and so on. */
  static async open(name: string, count: number, shape?: Partial<WorldShape>): Promise<WorldPool> {
    const names = Array.from({ length: count }, (_, at) => `${name}-${at}`);
    return new WorldPool(await Promise.all(names.map((one) => openTestWorld(one, shape))));
  }

  get worlds(): readonly World[] {
    return this.#worlds;
  }

  /** Runs something in a world that nobody else uses meanwhile, as soon as there is one. */
  async use<T>(run: (world: World) => Promise<T>): Promise<T> {
    const world = this.#free.pop() ?? (await new Promise<World>((resolve) => this.#waiting.push(resolve)));
    try {
      return await run(world);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(world);
      else this.#free.push(world);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world[Symbol.asyncDispose]()));
  }
}
