import type { Gateway } from "../nat/model.ts";
import { LAN, SHARED } from "./addresses.ts";
import { SIDES, gatewaysOf, outsideOf, type ByGateway, type CarrierId, type WorldShape } from "./shape.ts";

/** A route that a node beyond a gateway needs while that gateway is a plain router. */
export interface Route {
  readonly on: CarrierId | "r";
  readonly prefix: string;
  readonly via: string;
}

/**
 * Routes inwards: what is behind a NAT is nobody else's business, and what is behind a plain router must be known to the next node
 * outward, and to all beyond it up to the first NAT.
 */
export function routesOf(shape: Pick<WorldShape, "carriers">, kinds: ByGateway<Gateway["kind"]>): readonly Route[] {
  return SIDES.flatMap((side) => {
    const path = gatewaysOf(shape, side);
    const routes: Route[] = [];
    let visible: string[] = [LAN[side]];
    for (const [index, at] of path.entries()) {
      const on = (path[index + 1] ?? "r") as Route["on"];
      if (kinds[at] === "nat") visible = [];
      routes.push(...visible.map((prefix) => ({ on, prefix, via: outsideOf(shape, at) })));
      visible = [...visible, SHARED[side]]; // `on` is linked to it, what is beyond `on` is not
    }
    return routes;
  });
}
