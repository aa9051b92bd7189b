import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ADDRESS } from "../../orchestrator/plan/addresses.ts";
import type { Outcome } from "../../orchestrator/verdict/outcome.ts";
import { planAttempt, type AttemptPlan } from "../../orchestrator/world/attempt.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { ipv4, port } from "../../wire/address.ts";
import type { AttemptParameters, AttemptResult, TransferResult } from "../../wire/attempt.ts";
import type { Operation, Operations } from "../../wire/control.ts";
import { seededBytes, sha256 } from "../../wire/seeded.ts";
import { cellOf } from "../kit/cells.ts";
import { openTestWorld, playCell } from "../kit/world.ts";

const noEngine = inject("noEngine");
type Side = "a" | "b";
type Call = <Op extends Operation>(
  op: Op,
  parameters: Operations[Op]["parameters"],
) => Promise<Operations[Op]["result"]>;

/** What a lying agent says instead of what happened; it may or may not ask the real one. */
interface Lies {
  attempt?(side: Side, parameters: AttemptParameters, real: Call): Promise<AttemptResult>;
  transfer?(side: Side, parameters: Operations["transfer"]["parameters"], real: Call): Promise<TransferResult>;
}

const PUNCH = port(50_000);
/** Where an honest pair of agents behind two preserving NATs would have ended up. */
const ENDS = {
  a: { local: { ip: ipv4(ADDRESS.a), port: PUNCH }, remote: { ip: ipv4(ADDRESS.nbOutside), port: PUNCH } },
  b: { local: { ip: ipv4(ADDRESS.b), port: PUNCH }, remote: { ip: ipv4(ADDRESS.naOutside), port: PUNCH } },
} as const;
const success = (side: Side): AttemptResult => ({ ok: true, ...ENDS[side], connectMs: 12 });
const other = (side: Side): Side => (side === "a" ? "b" : "a");

describe.skipIf(noEngine)("a lying agent", () => {
  let world: World;

  beforeAll(async () => {
    world = await openTestWorld("liar");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const dial = cellOf(
    "{ technique: connect, na: [preserve], nb: [preserve], expect: [{ verdict: blocked, cause: filtered }] }",
  );
  const punch = cellOf(
    "{ technique: simultaneous-open, na: [preserve], nb: [preserve], expect: [{ verdict: direct }] }",
  );
  const play = async (cell: typeof dial, lies: Lies, seed: string): Promise<Outcome> =>
    (await playCell(withLies(world, lies), cell, seed)).outcome;

  it("is not needed: without lies the punch is direct and the dial is blocked", async () => {
    expect(await play(punch, {}, "honest/1")).toMatchObject({ verdict: "direct" });
    expect(await play(dial, {}, "honest/2")).toMatchObject({ verdict: "blocked", cause: "filtered" });
  });

  it("that only claims success is judged by the NATs' evidence", async () => {
    const lies: Lies = {
      attempt: async (side) => success(side),
      transfer: async (_, { bytes }) => boast(bytes, "0".repeat(64)),
    };
    expect(await play(dial, lies, "liar/1")).toMatchObject({
      verdict: "unknown",
      missing: expect.arrayContaining([expect.stringContaining("NA's conntrack has no entry")]),
    });
  });

  it("that dials in vain and claims success, with the digests that a real exchange would have", async () => {
    const seed = "liar/2";
    const plan = planAttempt(dial, seed);
    const lies: Lies = {
      attempt: async (side, parameters, real) => {
        await real("attempt", parameters);
        return success(side);
      },
      transfer: async (side, { bytes, sendSeed }) => boast(bytes, digestOfPeer(plan, side, { bytes, sendSeed })),
    };
    const outcome = await play(dial, lies, seed);
    expect(outcome).toMatchObject({ verdict: "unknown" });
    if (outcome.verdict !== "unknown") return;
    // the lie covers the digests, so everything else must be what is missing
    expect(outcome.missing).toEqual([
      expect.stringContaining("NA's conntrack has no entry"),
      expect.stringContaining("NB's conntrack has no entry"),
      "no connection that both NATs hold",
      expect.stringContaining("no payload with B's nonce"),
      expect.stringContaining("no payload with A's nonce"),
    ]);
  });

  it("that relays through X and calls it a direct connection", async () => {
    const lies: Lies = {
      attempt: async (side, parameters, real) => {
        const result = await real("attempt", { ...parameters, technique: { name: "relay" } });
        return result.ok ? success(side) : result;
      },
    };
    expect(await play(dial, lies, "liar/3")).toMatchObject({ verdict: "relayed", via: "x" });
  });

  it("that is alone in lying does not hide why the other was blocked", async () => {
    const lies: Lies = {
      attempt: async (side, parameters, real) => {
        const result = await real("attempt", parameters);
        return side === "a" ? success("a") : result;
      },
    };
    expect(await play(dial, lies, "liar/4")).toMatchObject({ verdict: "blocked", cause: "filtered", at: "nb" });
  });

  it("that has a direct connection and names another", async () => {
    const lies: Lies = {
      attempt: async (_, parameters, real) => {
        const result = await real("attempt", parameters);
        return result.ok ? { ...result, local: { ...result.local, port: port(4_000) } } : result;
      },
    };
    expect(await play(punch, lies, "liar/5")).toMatchObject({ verdict: "unknown" });
  });

  it("that has a direct connection and did not receive what was sent", async () => {
    const lies: Lies = {
      transfer: async (side, parameters, real) => {
        const result = await real("transfer", parameters);
        return side === "b" ? { ...result, receivedSha256: sha256(new Uint8Array(8)) } : result;
      },
    };
    expect(await play(punch, lies, "liar/6")).toMatchObject({
      verdict: "unknown",
      missing: [expect.stringContaining("digest at B is wrong"), expect.stringContaining("digest at B is wrong")],
    });
  });
});

const boast = (receivedBytes: number, receivedSha256: string): TransferResult => ({ receivedBytes, receivedSha256 });

/** What the peer was told to send in the exchange to which `sendSeed` belongs: known to nobody but the orchestrator. */
function digestOfPeer(
  { exchangeSeeds, afterCutSeeds }: AttemptPlan,
  side: Side,
  { bytes, sendSeed }: { bytes: number; sendSeed: string },
): string {
  const seeds = exchangeSeeds[side] === sendSeed ? exchangeSeeds : afterCutSeeds;
  return sha256(seededBytes(seeds[other(side)], bytes));
}

/** The world, with agents of A and B that lie; containers, NATs and all other agents are the real ones. */
function withLies(world: World, lies: Lies): World {
  const lying = (side: Side) => {
    const agent = world.agent(side);
    const real: Call = (op, parameters) => agent.call(op, parameters);
    const call = (op: Operation, parameters: never): Promise<unknown> => {
      if (op === "attempt" && lies.attempt) return lies.attempt(side, parameters, real);
      if (op === "transfer" && lies.transfer) return lies.transfer(side, parameters, real);
      return agent.call(op, parameters);
    };
    return { node: side, call, run: agent.run.bind(agent), takeLogs: agent.takeLogs.bind(agent) };
  };
  const liar = {
    name: world.name,
    ids: world.ids,
    shape: world.shape,
    gateways: world.gateways,
    agent: (id: string) => (id === "a" || id === "b" ? lying(id) : world.agent(id as never)),
    takeLogs: () => world.takeLogs(),
  };
  return liar as unknown as World;
}
