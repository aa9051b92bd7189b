import type { NodeId } from "../../wire/control.ts";
import type { Gateway } from "../nat/model.ts";
import type { GatewayPlace } from "../nat/ruleset.ts";
import type { Cell } from "../scenario/cell.ts";
import { ADDRESS, LAN, LANS } from "./addresses.ts";

export type Side = "a" | "b";
export const SIDES = ["a", "b"] as const;

export const CARRIER_IDS = ["ca", "cb", "c"] as const satisfies readonly NodeId[];
export type CarrierId = (typeof CARRIER_IDS)[number];
/** The containers that stand between a LAN and the core. */
export type GatewayId = "na" | "nb" | CarrierId;
/** A value for each gateway of a world: the home NATs, and the carriers that there are. */
export type ByGateway<T> = Readonly<Record<"na" | "nb", T> & Partial<Record<CarrierId, T>>>;

/** Which containers a world has besides the six of every world. */
export interface WorldShape {
  /** Sides with an inside neighbour. */
  readonly neighbours: readonly Side[];
  /** CA before NA, CB before NB, or C before both. */
  readonly carriers: readonly ("ca" | "cb")[] | readonly ["c"];
}

/** The six: hosts, NATs, core and helper. */
export const PLAIN_SHAPE: WorldShape = { neighbours: [], carriers: [] };

/** The smallest world in which a cell can be played. */
export function shapeOf({ carrier, neighbours }: Pick<Cell, "carrier" | "neighbours">): WorldShape {
  return { neighbours: SIDES.filter((side) => neighbours?.[side]), carriers: carriersOf(carrier) };
}

function carriersOf(carrier: Cell["carrier"]): WorldShape["carriers"] {
  if (!carrier) return [];
  if (carrier.kind === "shared") return ["c"];
  return SIDES.filter((side) => carrier[side]).map((side) => `c${side}` as const);
}

/** Whether a world of shape `world` serves what needs `needed`: a neighbour may be idle, a carrier would be one hop too many. */
export function serves(world: WorldShape, needed: WorldShape): boolean {
  return (
    world.carriers.join() === needed.carriers.join() &&
    needed.neighbours.every((side) => world.neighbours.includes(side))
  );
}

/** The gateways of one side, from the host outward. */
export function gatewaysOf({ carriers }: Pick<WorldShape, "carriers">, side: Side): readonly GatewayId[] {
  const carrier = carriers.find((id) => id === "c" || id === `c${side}`);
  return [`n${side}`, ...(carrier ? [carrier] : [])];
}

/** A gateway of a cell, and where it stands. */
export interface Layer {
  readonly at: GatewayId;
  readonly gateway: Gateway;
}

/** All gateways of a cell, the home NATs first. */
export function layersOf({ na, nb, carrier }: Pick<Cell, "na" | "nb" | "carrier">): readonly Layer[] {
  const home: readonly Layer[] = [
    { at: "na", gateway: na },
    { at: "nb", gateway: nb },
  ];
  if (!carrier) return home;
  if (carrier.kind === "shared") return [...home, { at: "c", gateway: carrier.nat }];
  return [
    ...home,
    ...(carrier.a ? [{ at: "ca", gateway: carrier.a } as const] : []),
    ...(carrier.b ? [{ at: "cb", gateway: carrier.b } as const] : []),
  ];
}

/** A gateway's own address on its outside. */
export function outsideOf({ carriers }: Pick<WorldShape, "carriers">, at: GatewayId): string {
  switch (at) {
    case "na":
      return carriers.some((id) => id !== "cb") ? ADDRESS.naShared : ADDRESS.naOutside;
    case "nb":
      return carriers.some((id) => id !== "ca") ? ADDRESS.nbShared : ADDRESS.nbOutside;
    case "ca":
    case "c":
      return ADDRESS.naOutside;
    case "cb":
      return ADDRESS.nbOutside;
  }
}

/** Where a gateway stands, for its rules. What plain routers put before a shared carrier is one private network. Behind a carrier there are several prefixes: those between it and its subscribers, and LANs. */
export function gatewayPlace(shape: Pick<WorldShape, "carriers">, at: GatewayId): GatewayPlace {
  const lan = at === "na" ? LAN.a : at === "nb" ? LAN.b : "0.0.0.0/0";
  return { outside: "out", lan, outsideAddress: outsideOf(shape, at), ...(at === "c" && { network: LANS }) };
}
