import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION } from "../../../wire/rendezvous.ts";
import { until } from "../../kit/until.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { Station } from "./station.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: X's lobby (${missing})`);

const OFFER = { v: 1, capabilities: ["raw"], nat: { outside: "192.0.2.2", rttMs: 3, ports: "random" } };

describe.skipIf(missing)("X's lobby", () => {
  let station: Station;
  let sessions = 0;
  beforeAll(async () => {
    station = await Station.open();
  });
  afterAll(() => station?.[Symbol.asyncDispose]());

  const enter = (session: string, role = "any", more: object = {}) => {
    const visit = station.visit("127.0.0.21");
    visit.say({ t: "hello", v: RENDEZVOUS_VERSION, session, key: "k", role, technique: "auto", ...more });
    return visit;
  };

  async function pair() {
    const session = `lobby-${++sessions}`;
    const a = enter(session);
    await a.hears("welcome");
    const b = enter(session);
    await Promise.all([a.hears("paired"), b.hears("paired")]);
    return { a, b, session };
  }

  it("makes a of who comes first and b of who comes next, and says whether it can forge", async () => {
    const { a, b } = await pair();
    expect(await a.hears("welcome")).toMatchObject({ role: "a", forges: true });
    expect(await b.hears("welcome")).toMatchObject({ role: "b", forges: true });
  });

  it("gives who asks for a role that one, and the other to whoever takes any", async () => {
    const session = `lobby-${++sessions}`;
    const b = enter(session, "b");
    expect(await b.hears("welcome")).toMatchObject({ role: "b" });
    expect(await enter(session).hears("welcome")).toMatchObject({ role: "a" });
  });

  it("refuses a third, a wrong key under the right name, and who is not for the choice", async () => {
    const { session } = await pair();
    expect(await enter(session).hears("refused")).toMatchObject({
      reason: "both sides of this session are here already",
    });
    const waiting = `lobby-${++sessions}`;
    await enter(waiting).hears("welcome");
    expect(await enter(waiting, "any", { key: "guess" }).hears("refused")).toMatchObject({
      reason: "wrong session key",
    });
    expect(await enter(waiting, "any", { technique: "relay" }).hears("refused")).toMatchObject({
      reason: "the other side runs auto",
    });
  });

  it("passes on offers, beginnings and outcomes, and an offer of any size but its own is malformed", async () => {
    const { a, b } = await pair();
    a.say({ t: "offer", offer: OFFER }, { t: "begin", step: 1 }, { t: "outcome", step: 1, ok: false });
    await b.hears("peer-outcome");
    expect(b.heard.slice(-3)).toEqual([
      { t: "peer-offer", offer: OFFER },
      { t: "peer-begin", step: 1 },
      { t: "peer-outcome", step: 1, ok: false },
    ]);
    b.say({ t: "offer", offer: { ...OFFER, nat: { ...OFFER.nat, ports: "x".repeat(100) } } });
    expect(await b.hears("refused")).toMatchObject({ reason: "malformed offer" });
  });

  it("gives a seat again to whoever says what took it, pairs the two once more, and hears the old connection no more", async () => {
    const session = `lobby-${++sessions}`;
    const lost = enter(session, "any", { seat: "of a" });
    await lost.hears("welcome");
    const b = enter(session, "b", { seat: "of b" });
    await b.hears("paired");
    for (const seat of [{}, { seat: "of b" }])
      expect(await enter(session, "a", seat).hears("refused")).toMatchObject({ reason: "role a is taken" });
    const back = enter(session, "a", { seat: "of a" });
    await back.hears("paired");
    await until("b is paired once more", () => b.heard.filter(({ t }) => t === "paired").length === 2 || undefined, {
      withinMs: 5_000,
      seen: () => b.text,
    });
    await lost.isClosed();
    expect(lost.heard.at(-1)).toEqual({ t: "refused", reason: "came back by another connection" });
    expect(b.heard.map(({ t }) => t)).not.toContain("peer-left");
    back.say({ t: "begin", step: 3 });
    expect(await b.hears("peer-begin")).toMatchObject({ step: 3 });
  });

  it("tells who stays that the other has left, and gives the seat to the next", async () => {
    const { a, b, session } = await pair();
    a.leave();
    await b.hears("peer-left");
    expect(await enter(session).hears("welcome")).toMatchObject({ role: "a" });
  });
});
