import { NatbedError } from "../errors.ts";
import type { Evidence } from "../evidence/types.ts";
import type { Gateway } from "../nat/model.ts";
import type { Side } from "../plan/wiring.ts";
import type { Cell } from "../scenario/cell.ts";
import { cleanWorld, runAttempt, type AttemptPlan } from "../world/attempt.ts";
import { calibrate, type Calibration } from "../world/calibrate.ts";
import type { ContainerPlace } from "../world/container.ts";
import { loadGateway, type LoadedRules } from "../world/gateways.ts";
import { openWorld, type World } from "../world/world.ts";

/** A gateway as it stands in a world now: its rules as loaded, and what was measured of it. */
export interface Prepared {
  readonly rules: LoadedRules;
  readonly calibration: Calibration;
}
export type BothPrepared = Readonly<Record<Side, Prepared>>;

/** One worker's place: a warm world that is prepared for one cell after the other, and renewed when it is lost. */
export class Station implements AsyncDisposable {
  readonly #place: (world: string) => ContainerPlace;
  readonly #name: string;
  #opened = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #world: World | undefined;
  #prepared: Partial<Record<Side, Prepared & { readonly key: string }>> = {};
  readonly #calibrations = new Map<string, Calibration>();

  constructor(name: string, place: (world: string) => ContainerPlace) {
    this.#name = name;
    this.#place = place;
  }

  /** Brings the world up before it is needed; `prepare` does so too. A failure is the next `prepare`'s. */
  async open(neighbour: boolean): Promise<void> {
    await this.#worldFor(neighbour).catch((error: unknown) => (this.#failure = { error }));
  }

  /** Makes the world what the cell claims: rules loaded and read back, each model measured once per world, all sockets and mappings gone. */
  async prepare({ na, nb, neighbours }: Pick<Cell, "na" | "nb" | "neighbours">): Promise<BothPrepared> {
    const world = await this.#worldFor(neighbours !== undefined);
    await cleanWorld(world);
    const [a, b] = await Promise.all([this.#load(world, "a", na), this.#load(world, "b", nb)]);
    if (!a.calibration || !b.calibration) {
      // both sides at once: they share nothing but R and X
      const [first, second] = await Promise.all([this.#measure(world, "a", na), this.#measure(world, "b", nb)]);
      await cleanWorld(world);
      return this.#remember(na, nb, {
        a: { rules: a.rules, calibration: first },
        b: { rules: b.rules, calibration: second },
      });
    }
    return this.#remember(na, nb, {
      a: { rules: a.rules, calibration: a.calibration },
      b: { rules: b.rules, calibration: b.calibration },
    });
  }

  /** Plays an attempt in the prepared world. */
  attempt(plan: AttemptPlan, cell: Pick<Cell, "neighbours" | "core">): Promise<Evidence> {
    if (!this.#world) throw new Error("attempt before prepare");
    return runAttempt(this.#world, plan, cell);
  }

  /** Gives the world up without ending it (`--keep-on-failure`); the next cell gets a new one. */
  async keep(): Promise<readonly string[]> {
    const names = (await this.#world?.keep()) ?? [];
    this.#forget();
    return names;
  }

  /** Ends the world; the next cell gets a new one. */
  async renew(): Promise<void> {
    const world = this.#world;
    this.#forget();
    await world?.[Symbol.asyncDispose]();
  }

  /** Ends the world for good, also one that is still coming up: what is in flight here fails, and nothing new begins. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    await this.renew();
  }

  #forget(): void {
    this.#world = undefined;
    this.#prepared = {};
    this.#calibrations.clear();
  }

  /** A world with the neighbour serves cells without one as well, but not the other way round. */
  async #worldFor(neighbour: boolean): Promise<World> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    if (this.#world && (this.#world.neighbour || !neighbour)) return this.#world;
    await this.renew();
    this.#refuseWhenEnded();
    this.#opened += 1;
    this.#world = await openWorld(this.#place(`${this.#name}-${this.#opened}`), { neighbour });
    if (this.#ended) await this.renew();
    this.#refuseWhenEnded();
    return this.#world;
  }

  #refuseWhenEnded(): void {
    if (this.#ended)
      throw new NatbedError(`station ${this.#name} was ended`, { kind: "infrastructure", code: "station-ended" });
  }

  async #load(
    world: World,
    side: Side,
    gateway: Gateway,
  ): Promise<{ rules: LoadedRules; calibration: Calibration | undefined }> {
    const key = JSON.stringify(gateway);
    const loaded = this.#prepared[side];
    const rules = loaded?.key === key ? loaded.rules : await loadGateway(world, side, gateway);
    return { rules, calibration: this.#calibrations.get(side + key) };
  }

  async #measure(world: World, side: Side, gateway: Gateway): Promise<Calibration> {
    const key = side + JSON.stringify(gateway);
    const known = this.#calibrations.get(key);
    if (known) return known;
    const calibration = await calibrate(world, side, gateway);
    this.#calibrations.set(key, calibration);
    return calibration;
  }

  #remember(na: Gateway, nb: Gateway, both: BothPrepared): BothPrepared {
    this.#prepared = { a: { ...both.a, key: JSON.stringify(na) }, b: { ...both.b, key: JSON.stringify(nb) } };
    return both;
  }
}
