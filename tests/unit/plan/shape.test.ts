import { describe, expect, it } from "vitest";
import { routesOf } from "../../../orchestrator/plan/routes.ts";
import {
  gatewayPlace,
  layersOf,
  outsideOf,
  PLAIN_SHAPE,
  serves,
  shapeOf,
  type WorldShape,
} from "../../../orchestrator/plan/shape.ts";
import { cellOf } from "../../kit/cells.ts";

const cell = (entry: string) =>
  cellOf(`{ technique: natblaster-2, na: [preserve], nb: [preserve], ${entry} expect: [{ verdict: direct }] }`);
const NEIGHBOURS: WorldShape = { neighbours: ["a", "b"], carriers: [] };
const EACH: WorldShape = { neighbours: [], carriers: ["ca", "cb"] };
const SHARED: WorldShape = { neighbours: [], carriers: ["c"] };
const NATS = { na: "nat", nb: "nat", ca: "nat", cb: "nat", c: "nat" } as const;

describe("the shape of a world", () => {
  it("is the smallest in which its cell can be played", () => {
    expect(shapeOf(cell(""))).toEqual(PLAIN_SHAPE);
    expect(shapeOf(cell("neighbour: { everyMs: 5, beside: [b] },"))).toEqual({ neighbours: ["b"], carriers: [] });
    expect(shapeOf(cell("carrier: { b: random },"))).toEqual({ neighbours: [], carriers: ["cb"] });
    expect(shapeOf(cell("carrier: { shared: random },"))).toEqual(SHARED);
  });

  it("serves cells that need fewer neighbours, and none that needs another carrier", () => {
    expect(serves(NEIGHBOURS, PLAIN_SHAPE)).toBe(true);
    expect(serves(PLAIN_SHAPE, NEIGHBOURS)).toBe(false);
    expect(serves(EACH, PLAIN_SHAPE)).toBe(false);
    expect(serves(PLAIN_SHAPE, EACH)).toBe(false);
    expect(serves({ ...EACH, neighbours: ["a"] }, EACH)).toBe(true);
  });

  it("has a layer for every gateway of its cell", () => {
    const places = (entry: string) => layersOf(cell(entry)).map(({ at }) => at);
    expect(places("")).toEqual(["na", "nb"]);
    expect(places("carrier: { a: random, b: preserve },")).toEqual(["na", "nb", "ca", "cb"]);
    expect(places("carrier: { shared: random },")).toEqual(["na", "nb", "c"]);
  });

  it("gives a carrier the outside address that the home NAT has without one", () => {
    expect(outsideOf(EACH, "ca")).toBe(outsideOf(PLAIN_SHAPE, "na"));
    expect(outsideOf(EACH, "cb")).toBe(outsideOf(PLAIN_SHAPE, "nb"));
    expect([outsideOf(EACH, "na"), outsideOf(SHARED, "nb")]).toEqual(["100.64.0.2", "100.64.1.2"]);
    expect(gatewayPlace(SHARED, "c")).toMatchObject({ outside: "out", lan: "0.0.0.0/0", outsideAddress: "192.0.2.2" });
  });

  it("lets the hosts of one private network meet at a carrier that both share, and at nothing else", () => {
    expect(gatewayPlace(SHARED, "c").network).toBe("10.0.0.0/8");
    const others = [gatewayPlace(SHARED, "na"), gatewayPlace(EACH, "ca"), gatewayPlace(PLAIN_SHAPE, "nb")];
    expect(others.map(({ network }) => network)).toEqual([undefined, undefined, undefined]);
  });
});

describe("routes inwards", () => {
  it("are none where every gateway is a NAT", () => {
    for (const shape of [PLAIN_SHAPE, EACH, SHARED]) expect(routesOf(shape, NATS)).toEqual([]);
  });

  it("lead to the LAN behind a plain router, and no farther out than the first NAT", () => {
    const lan = { prefix: "10.1.0.0/24", via: "100.64.0.2" };
    expect(routesOf(EACH, { ...NATS, na: "router" })).toEqual([{ on: "ca", ...lan }]);
    expect(routesOf(PLAIN_SHAPE, { ...NATS, na: "router" })).toEqual([
      { on: "r", prefix: "10.1.0.0/24", via: "192.0.2.2" },
    ]);
  });

  it("lead to subscribers behind a carrier that is a plain router, and to their LANs where they are too", () => {
    const shared = (prefix: string) => ({ on: "r", prefix, via: "192.0.2.2" });
    expect(routesOf(SHARED, { ...NATS, c: "router" })).toEqual([shared("100.64.0.0/24"), shared("100.64.1.0/24")]);
    expect(routesOf(SHARED, { ...NATS, c: "router", na: "router" })).toEqual([
      { on: "c", prefix: "10.1.0.0/24", via: "100.64.0.2" },
      shared("10.1.0.0/24"),
      shared("100.64.0.0/24"),
      shared("100.64.1.0/24"),
    ]);
  });
});
