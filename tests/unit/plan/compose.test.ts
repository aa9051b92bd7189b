import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { renderCellCompose } from "../../../orchestrator/plan/cell-compose.ts";
import { renderCompose } from "../../../orchestrator/plan/compose.ts";
import { coreNode, nodesOf } from "../../../orchestrator/plan/nodes.ts";
import { shapeOf } from "../../../orchestrator/plan/shape.ts";
import { cellOf, nat, ROUTER } from "../../kit/cells.ts";
import { REFERENCES, referenceWorld } from "./references.ts";

interface Service {
  readonly [key: string]: unknown;
  readonly cap_add: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
}
interface Project {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: Readonly<Record<string, { readonly content: string }>>;
}

const read = (text: string): Project => parse(text, { merge: true }) as Project;
const world = { ...referenceWorld("preserve") };
const NAMES = Object.keys(REFERENCES) as (keyof typeof REFERENCES)[];
const cell = (entry: string) => cellOf(`{ technique: natblaster-2, ${entry}, expect: [{ verdict: direct }] }`);

describe("compose/", () => {
  it.each(NAMES)("holds the current render of the world %s", async (name) => {
    await expect(renderCompose(referenceWorld(name))).toMatchFileSnapshot(`../../../compose/${name}.yaml`);
  });
});

describe("renderCompose", () => {
  it("gives every node the capabilities and sysctls of its recipe and no network", () => {
    const { services } = read(
      renderCompose({ ...world, neighbours: { a: { everyMs: 10, arrivals: "regular" as const } } }),
    );
    const shape = shapeOf({ neighbours: { a: { everyMs: 10, arrivals: "regular" as const } } });
    const recipes = [coreNode(shape), ...nodesOf(shape)];
    expect(Object.keys(services)).toEqual(recipes.map(({ id }) => id));
    for (const { id, capabilities, sysctls } of recipes) {
      expect(services[id]).toMatchObject({ cap_drop: ["ALL"], cap_add: capabilities, network_mode: "none", sysctls });
      expect(services[id]).not.toHaveProperty("privileged");
    }
  });

  it("puts every node but r into r's PID namespace, and labels all as ours without an owner", () => {
    const { services } = read(renderCompose(world));
    for (const [id, { pid, labels }] of Object.entries(services)) {
      expect(pid).toBe(id === "r" ? undefined : "service:r");
      expect(labels).toEqual({ natbed: "1" });
    }
  });

  it("lifts the routers' limit on ICMP errors only for kernels that know the setting", () => {
    const limit = (kernel: string) =>
      read(renderCompose({ ...world, kernel })).services["na"]!.sysctls["net.ipv4.icmp_msgs_per_sec"];
    expect([limit("6.11.0"), limit("6.12.1"), limit("7.0.0")]).toEqual([undefined, "1000000", "1000000"]);
    expect(renderCompose(world)).not.toContain("icmp_msgs");
  });

  it("leaves compose no $ to fill in but the image's", () => {
    const { configs, services } = read(renderCompose({ ...world, image: "plain" }));
    expect(configs["r"]!.content).toContain("link add name lan netns $$a type veth peer name in netns $$na");
    for (const { content } of Object.values(configs)) expect(content.replaceAll("$$", "")).not.toContain("$");
    expect(JSON.stringify(services)).not.toContain("$");
  });

  it("gives a plain router no NAT rules and the core a route to its LAN", () => {
    const { configs } = read(renderCompose({ ...world, na: ROUTER }));
    expect(configs["na"]!.content).not.toContain("MASQUERADE");
    expect(configs["nb"]!.content).toContain("MASQUERADE");
    expect(configs["r"]!.content).toContain("route add 10.1.0.0/24");
    expect(configs["r"]!.content).not.toContain("10.2.0.0/24");
  });

  it("tells a NAT's agent what its rules leave to it", () => {
    const { services } = read(renderCompose({ ...world, na: nat({ timeExceeded: "teardown" }), nb: nat() }));
    expect(services["na"]!.environment).toMatchObject({ NATBED_DUTIES: '{"teardownQueue":1}' });
    expect(services["nb"]!.environment).not.toHaveProperty("NATBED_DUTIES");
  });

  it("gives each side its own gateway's rules", () => {
    const { configs } = read(renderCompose({ ...world, na: nat({ unsolicitedSyn: "reset" }), nb: nat() }));
    expect(configs["na"]!.content).not.toContain("-A INPUT");
    expect(configs["nb"]!.content).toContain("-A INPUT -d 198.51.100.2 -p tcp -j DROP");
  });
});

describe("renderCellCompose", () => {
  const replay = { seed: "7/id/1", kernel: "6.18.0" };

  it("offers the cell's technique with its deadline and says how to play a trial again", () => {
    const text = renderCellCompose(
      cell("na: [preserve], nb: [random], options: { syn: normal, gapMs: 5 }, deadlineMs: 800"),
      replay,
    );
    const [[name, attempt] = []] = Object.entries(JSON.parse(read(text).configs["attempts"]!.content) as object);
    expect(attempt).toMatchObject({ technique: { name: "natblaster-2", syn: "normal", gapMs: 5 }, deadlineMs: 800 });
    expect(text).toContain(`node agents/attempt.js '${name}' '7/id/1'`);
  });

  it("names its project so that compose accepts it, however odd the cell's id", () => {
    const odd = cell("na: [preserve], nb: [random], options: { predictionOffset: 7 }");
    expect(odd.id).toMatch(/[.~+]/);
    expect(read(renderCellCompose(odd, replay)).name).toMatch(/^[a-z0-9][a-z0-9_-]*$/);
  });

  it("brings the neighbour of a cell that has one", () => {
    const { services } = read(
      renderCellCompose(cell("na: [preserve], nb: [preserve], neighbour: { everyMs: 25 }"), replay),
    );
    expect(services["a2"]!.environment["NATBED_EVERY_MS"]).toBe("25");
    expect(services["na"]!.environment["NATBED_INTERFACES"]).toBe("in out in2");
    expect(services["r"]!.environment["NATBED_PEERS"]).toContain("a2");
  });

  it("brings the neighbours of both sides, and says how to set them to work", () => {
    const text = renderCellCompose(
      cell("na: [preserve], nb: [preserve], neighbour: { everyMs: 25, beside: [a, b] }"),
      replay,
    );
    const { services } = read(text);
    for (const id of ["a2", "b2"]) {
      expect(services[id]!.environment["NATBED_EVERY_MS"]).toBe("25");
      expect(text).toContain(`docker compose exec -d ${id} node agents/neighbour.js`);
    }
  });

  it("puts a carrier's NAT before each home NAT that has one", () => {
    const { services, configs } = read(
      renderCellCompose(cell("na: [preserve], nb: [preserve], carrier: { b: carrier-grade }"), replay),
    );
    expect(Object.keys(services)).toEqual(["r", "a", "na", "nb", "b", "x", "cb"]);
    expect(configs["r"]!.content).toContain("name wan-b netns $$r type veth peer name out netns $$cb");
    expect(configs["nb"]!.content).toContain("address add 100.64.1.2/24 dev out");
    expect(configs["cb"]!.content).toContain("198.51.100.2");
  });

  it("gives a carrier that both share two inside links and one way to the core", () => {
    const text = renderCellCompose(cell("na: [preserve], nb: [preserve], carrier: { shared: carrier-grade }"), replay);
    const { services, configs } = read(text);
    expect(services["c"]!.environment["NATBED_INTERFACES"]).toBe("in out in2");
    expect(configs["r"]!.content).not.toMatch(/dev wan-b|name wan-b/);
    expect(text).toContain("both subscribers of the carrier c");
  });

  it("tells a NAT's settings from those that all routers share, and its agent what to do beside the rules", () => {
    const { services } = read(renderCellCompose(cell("na: [rfc5382], nb: [preserve]"), replay));
    const established = "net.netfilter.nf_conntrack_tcp_timeout_established";
    expect([services["na"]!.sysctls[established], services["nb"]!.sysctls[established]]).toEqual(["7440", "432000"]);
    expect(services["na"]!.sysctls["net.ipv4.ip_forward"]).toBe("1");
    expect(JSON.parse(services["na"]!.environment["NATBED_DUTIES"] ?? "")).toMatchObject({
      delayedAnswer: { afterMs: 6000 },
    });
    expect(services["nb"]!.environment).not.toHaveProperty("NATBED_DUTIES");
  });
});
