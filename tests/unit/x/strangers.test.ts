import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { X_PORTS } from "../../../wire/rendezvous.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { A, B, C, Company, SYN, VICTIM, hello, ready } from "./company.ts";
import { X_ADDRESS } from "./orders.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: X among strangers (${missing})`);

describe.skipIf(missing)("X among strangers", () => {
  let company: Company;
  let station: Company["station"];
  beforeAll(async () => {
    company = await Company.open();
    ({ station } = company);
  });
  afterAll(() => company?.[Symbol.asyncDispose]());
  beforeEach(() => void station.forged.splice(0));

  it("forges both answers for two that are in one session", async () => {
    await using both = await company.pair("natblaster-2");
    both.a.say(ready(A), { t: "syn", syn: SYN });
    both.b.say(ready(B), { t: "syn", syn: SYN });
    await company.over([both.a, both.b]);
    expect(station.forged).toEqual(
      expect.arrayContaining([
        { src: A, dst: B },
        { src: B, dst: A },
      ]),
    );
  });

  it.each([
    ["another's address", ready(VICTIM), `endpoint ${VICTIM} is not your address`],
    ["X's own address", ready(X_ADDRESS), `endpoint ${X_ADDRESS} is not your address`],
    ["a second hello", hello("a"), "hello was said already"],
  ])("refuses a host that gives %s, and forges nothing", async (_, message, reason) => {
    await using both = await company.pair("natblaster-2");
    both.b.say(ready(B), { t: "syn", syn: SYN });
    both.a.say(message, ready(A), { t: "syn", syn: SYN });
    await both.a.hears("refused");
    await company.over([both.a, both.b]);
    expect(both.a.heard.at(-1)).toEqual({ t: "refused", reason });
    expect(station.forged).toEqual([]);
  });

  it("forges nothing to a host that has left, even for the one that it was paired with", async () => {
    await using both = await company.pair("natblaster-2");
    both.a.say(ready(A), { t: "syn", syn: SYN });
    both.b.say(ready(B));
    await both.b.hears("peer");
    await company.gone(both.a);
    both.b.say({ t: "syn", syn: SYN });
    await both.b.hears("peer-left");
    await company.over([both.b]);
    expect(station.forged).toEqual([]);
  });

  it("takes nothing from an earlier member for one that takes its place", async () => {
    await using both = await company.pair("natblaster-2");
    both.a.say(ready(A), { t: "syn", syn: SYN });
    both.b.say(ready(B));
    await both.b.hears("peer");
    await company.gone(both.a);
    const heir = station.visit(A);
    heir.say(hello("a"));
    await heir.hears("paired");
    both.b.say({ t: "syn", syn: SYN });
    await company.over([heir, both.b]);
    expect(station.forged).toEqual([]);
  });

  it("lets a third host neither into a session whose key it lacks, nor onto a taken place, nor onto its relay", async () => {
    await using both = await company.pair("relay");
    const asks = [
      hello("a", { technique: "relay" }),
      hello("a", { key: "guess" }),
      hello("a", { technique: "connect" }),
    ];
    const strangers = asks.map((ask) => {
      const visit = station.visit(C);
      visit.say(ask);
      return visit;
    });
    const relayed = station.visit(C, X_PORTS.relay);
    relayed.say({ t: "relay", session: "s", key: "guess", role: "a" });
    await Promise.all([...strangers, relayed].map((visit) => visit.isClosed()));
    expect([...strangers, relayed].map(({ heard }) => heard.map(({ reason }) => reason))).toEqual([
      ["role a is taken"],
      ["wrong session key"],
      ["the other side runs relay"],
      ["no such session"],
    ]);
    expect(both.a.closed || both.b.closed).toBe(false);
  });

  it("forges no more for all sessions together than its budget, and says so", async () => {
    await using both = await company.pair("natblaster-4");
    both.b.say(ready(B));
    await both.a.hears("peer");
    for (let isn = 0; isn < 3; isn += 1) both.a.say({ t: "flood", isn, count: 60_000 });
    await both.a.hears("x-failed");
    const reason = "too many forged packets for others, try again in a minute";
    expect(both.a.heard.at(-1)).toEqual({ t: "x-failed", reason });
    await company.over([both.a, both.b]);
    expect(station.forged.length).toBeLessThanOrEqual(100_000 + 5_000 * 60);
    expect(station.complaints).toContain(`failed: ${reason}`);
  });

  it("hears 200 messages from one connection, and no more", async () => {
    await using both = await company.pair("natblaster-2");
    both.a.say(...Array.from({ length: 250 }, () => ({ t: "established" })));
    await both.a.isClosed();
    expect(both.a.heard.at(-1)).toEqual({ t: "refused", reason: "too many messages" });
  });

  it("relays what one side sends to the other, to its end", async () => {
    await using _ = await company.pair("relay");
    const [a, b] = [station.visit(A, X_PORTS.relay), station.visit(B, X_PORTS.relay)];
    a.say({ t: "relay", session: "s", key: "k", role: "a" }, { first: 1 });
    b.say({ t: "relay", session: "s", key: "k", role: "b" }, { second: 2 });
    await Promise.all([a.says('{"second":2}\n'), b.says('{"first":1}\n')]);
    a.leave();
    await b.isClosed();
  });
});
