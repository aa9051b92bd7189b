import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { NatbedError } from "../errors.ts";
import type { Evidence } from "../evidence/types.ts";
import {
  CARRIER_IDS,
  layersOf,
  serves,
  shapeOf,
  type ByGateway,
  type GatewayId,
  type Layer,
  type WorldShape,
} from "../plan/shape.ts";
import type { Gateway } from "../nat/model.ts";
import type { Cell } from "../scenario/cell.ts";
import { cleanWorld, runAttempt, type AttemptPlan } from "../world/attempt.ts";
import { calibrate, type Calibration } from "../world/calibrate.ts";
import { calibrateCore, type CoreCalibration } from "../world/calibrate-core.ts";
import type { ContainerPlace } from "../world/container.ts";
import { setCore } from "../world/core.ts";
import { loadLayer, type LoadedRules } from "../world/gateways.ts";
import { MEASURING_CORE } from "../world/probe.ts";
import { openWorld, type World } from "../world/world.ts";

/** A gateway as it stands in a world now: its rules as loaded, and what was measured of it. */
export interface Prepared {
  readonly rules: LoadedRules;
  readonly calibration: Calibration;
}

/** A world as it stands before a cell's attempt. */
export interface PreparedWorld {
  readonly gateways: ByGateway<Prepared>;
  readonly core: CoreCalibration;
}

/** One worker's place: a warm world that is prepared for one cell after the other, and renewed when it is lost. */
export class Station implements AsyncDisposable {
  readonly #place: (world: string) => ContainerPlace;
  readonly #name: string;
  #opened = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #world: World | undefined;
  readonly #loaded = new Map<GatewayId, { readonly key: string; readonly rules: LoadedRules }>();
  readonly #calibrations = new Map<string, Calibration>();
  readonly #cores = new Map<string, CoreCalibration>();

  constructor(name: string, place: (world: string) => ContainerPlace) {
    this.#name = name;
    this.#place = place;
  }

  /** Brings the world up before it is needed; `prepare` does so too. A failure is the next `prepare`'s. */
  async open(shape: WorldShape): Promise<void> {
    await this.#worldFor(shape).catch((error: unknown) => (this.#failure = { error }));
  }

  /**
   * Makes the world what the cell claims: rules loaded and read back, each model measured once per world, all sockets and mappings gone.
   * What did not come out as declared is measured again for the next cell: a bad moment of the machine is not to void them all.
   */
  async prepare(cell: Pick<Cell, "na" | "nb" | "carrier" | "neighbours" | "core">): Promise<PreparedWorld> {
    const world = await this.#worldFor(shapeOf(cell));
    const layers = layersOf(cell);
    await cleanWorld(world);
    for (const alike of [HOME, CARRIERS]) {
      const unknown = layers.filter(
        (layer) => alike.includes(layer.at) && !isSound(this.#calibrations.get(keyOf(layer))),
      );
      if (unknown.length === 0) continue;
      // the last cell's core may delay, lose, or keep its ICMP errors to itself
      const routed = unknown.some(routesSources);
      await setCore(world, routed ? MEASURING_CORE : PLAIN_CORE);
      // each NAT is judged alone: what else stands on its path is a plain router meanwhile
      const router: Gateway = { kind: "router", ...(routed && { sourceRoute: "forward" }) };
      await this.#load(
        world,
        layers.map((layer) => (alike.includes(layer.at) ? layer : { at: layer.at, gateway: router })),
      );
      await Promise.all(unknown.map((layer) => this.#measure(world, layer))); // the sides share nothing but R and X
      await cleanWorld(world);
    }
    await this.#load(world, layers);
    const gateways = Object.fromEntries(layers.map((layer) => [layer.at, this.#preparedAt(layer)]));
    return { gateways: gateways as ByGateway<Prepared>, core: await this.#prepareCore(world, cell.core) };
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
    this.#loaded.clear();
    this.#calibrations.clear();
    this.#cores.clear();
  }

  async #worldFor(shape: WorldShape): Promise<World> {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure.error;
    if (this.#world && serves(this.#world.shape, shape)) return this.#world;
    await this.renew();
    this.#refuseWhenEnded();
    this.#opened += 1;
    this.#world = await openWorld(this.#place(`${this.#name}-${this.#opened}`), shape);
    if (this.#ended) await this.renew();
    this.#refuseWhenEnded();
    return this.#world;
  }

  #refuseWhenEnded(): void {
    if (this.#ended)
      throw new NatbedError(`station ${this.#name} was ended`, { kind: "infrastructure", code: "station-ended" });
  }

  /** Loads the layers that are not loaded yet, and those that would go on counting where the last attempt left them. */
  async #load(world: World, layers: readonly Layer[]): Promise<void> {
    await Promise.all(
      layers.map(async (layer) => {
        const key = keyOf(layer);
        if (this.#loaded.get(layer.at)?.key === key && !countsPorts(layer)) return;
        this.#loaded.set(layer.at, { key, rules: await loadLayer(world, layer.at, layer.gateway) });
      }),
    );
  }

  async #measure(world: World, layer: Layer): Promise<void> {
    const side = layer.at === "nb" || layer.at === "cb" ? "b" : "a";
    this.#calibrations.set(keyOf(layer), await calibrate(world, side, layer.gateway, layer.at));
  }

  async #prepareCore(world: World, core: CoreModel): Promise<CoreCalibration> {
    await setCore(world, core);
    const key = JSON.stringify(core);
    const known = this.#cores.get(key);
    if (known && isSound(known)) return known;
    const calibration = await calibrateCore(world, core);
    this.#cores.set(key, calibration);
    await cleanWorld(world);
    return calibration;
  }

  #preparedAt(layer: Layer): Prepared {
    const loaded = this.#loaded.get(layer.at);
    const calibration = this.#calibrations.get(keyOf(layer));
    if (!loaded || !calibration) throw new Error(`${layer.at} was not prepared`);
    return { rules: loaded.rules, calibration };
  }
}

const HOME: readonly GatewayId[] = ["na", "nb"];
const CARRIERS: readonly GatewayId[] = CARRIER_IDS;

/** Where a NAT refuses source routes, a core that refuses them as well leaves nothing to measure, and costs nothing. */
const routesSources = ({ gateway }: Layer): boolean => gateway.kind === "nat" && gateway.model.sourceRoute !== "refuse";

/** A sequence that starts anew cannot reach its end, where it turns and nobody can predict it, by the attempts before. */
const countsPorts = ({ gateway }: Layer): boolean =>
  gateway.kind === "nat" && gateway.model.ports.kind === "sequential";

/** Whether something was measured, and was what it claims to be. */
function isSound(measured: { readonly mismatches: readonly string[] } | undefined): boolean {
  return measured?.mismatches.length === 0;
}

const keyOf = ({ at, gateway }: Layer): string => `${at} ${JSON.stringify(gateway)}`;
