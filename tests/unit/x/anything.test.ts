import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RENDEZVOUS_VERSION, X_PORTS } from "../../../wire/rendezvous.ts";
import { bytes, u32s } from "../../wire/arbitrary.ts";
import { missingForKernelTests } from "../nat/namespace.ts";
import { A, B, C, Company, SYN, VICTIM, hello, ready } from "./company.ts";
import { X_ADDRESS } from "./orders.ts";
import type { Visit } from "./visit.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: X told anything (${missing})`);

/** One host, and what it first said: that is where X seats it, if it does. */
class Guest {
  readonly visit: Visit;
  #first: { readonly session?: string; readonly role?: string } | undefined;

  constructor(visit: Visit) {
    this.visit = visit;
  }

  say(message: object): void {
    const own = this.visit.from;
    this.#first ??= message;
    this.visit.say(JSON.parse(JSON.stringify(message).replaceAll("OWN", own)) as object);
  }

  isPeerOf(other: Guest): boolean {
    const areIn = [this, other].every(({ visit }) => visit.heard.some(({ t }) => t === "welcome"));
    return areIn && this.#first?.session === other.#first?.session && this.#first?.role !== other.#first?.role;
  }
}

/** How far A and B have come when anything goes. */
const openings = fc.constantFrom("strangers", "paired", "introduced", "introduced", "introduced");
const techniques = fc.constantFrom("natblaster-2", "natblaster-4");
const sessions = fc.constantFrom("s", "s", "s", "t");
const claims = fc.record({
  ip: fc.oneof({ weight: 8, arbitrary: fc.constant("OWN") }, fc.constantFrom(A, B, C, VICTIM, X_ADDRESS)),
  port: fc.integer({ min: 1, max: 65_535 }),
});
const said = <T extends string>(t: T) => fc.constant(t);
const hellos = fc.record({
  t: said("hello"),
  v: fc.constant(RENDEZVOUS_VERSION),
  session: sessions,
  key: fc.constantFrom("k", "k", "k", "l"),
  role: fc.constantFrom("a", "b"),
  technique: techniques,
  seat: fc.option(fc.constantFrom("one", "two"), { nil: undefined }),
});
const counts = fc.oneof({ weight: 9, arbitrary: fc.nat(40) }, fc.nat(3_000));
const messages = fc.oneof(
  { weight: 1, arbitrary: hellos },
  { weight: 12, arbitrary: fc.record({ t: said("ready"), endpoint: claims }) },
  { weight: 12, arbitrary: fc.record({ t: said("syn"), syn: fc.constant(SYN) }) },
  { weight: 4, arbitrary: fc.record({ t: said("flood"), isn: u32s, count: counts }) },
  { weight: 2, arbitrary: fc.record({ t: said("hit"), endpoint: claims }) },
  { weight: 2, arbitrary: fc.record({ t: said("established") }) },
  { weight: 1, arbitrary: fc.record({ t: said("failed"), reason: sessions }) },
);
const steps = fc.record({ who: fc.constantFrom(0, 1, 0, 1, 2), message: messages });

describe.skipIf(missing)("X that is told anything", () => {
  let company: Company;
  let station: Company["station"];
  beforeAll(async () => {
    company = await Company.open();
    ({ station } = company);
  });
  afterAll(() => company?.[Symbol.asyncDispose]());
  beforeEach(() => void station.forged.splice(0));

  it(
    "forges only between two that it welcomed to one session, whatever anybody says",
    { timeout: 60_000 },
    async () => {
      let tried = 0;
      await fc.assert(
        fc.asyncProperty(
          techniques,
          fc.array(steps, { maxLength: 24, size: "max" }),
          openings,
          async (technique, said, opening) => {
            station.forged.splice(0);
            const guests = [A, B, C].map((from) => new Guest(station.visit(from)));
            if (opening !== "strangers") {
              guests[0]!.say(hello("a", { technique }));
              guests[1]!.say(hello("b", { technique }));
              await Promise.all(guests.slice(0, 2).map(({ visit }) => visit.hears("paired")));
              if (opening === "introduced") for (const guest of guests.slice(0, 2)) guest.say(ready("OWN"));
            }
            for (const { who, message } of said) guests[who]!.say(message);
            await company.over(guests.map(({ visit }) => visit));
            const allowed = guests.flatMap((one) =>
              guests.filter((other) => one.isPeerOf(other)).map((other) => `${one.visit.from}>${other.visit.from}`),
            );
            for (const { src, dst } of station.forged) expect(allowed).toContain(`${src}>${dst}`);
            if (station.forged.length > 0) tried += 1;
          },
        ),
        { numRuns: 100 },
      );

      expect(tried).toBeGreaterThan(9); // the property was tried, not only stated
      await company.stillServes();
    },
  );

  it.each([X_PORTS.rendezvous, X_PORTS.relay, X_PORTS.prober, X_PORTS.probes[0]])(
    "serves on whatever bytes come to port %i",
    { timeout: 60_000 },
    async (port) => {
      const opening = fc.constantFrom("", `${JSON.stringify(hello("a"))}\n`, '{"t":"hello","v":1}\n', '{"t":"relay",');
      const chunk = fc.oneof(
        bytes(200),
        fc.constantFrom("\n", "{}\n", "[]\n", "null\n", '{"t":"ping"}\n', "x".repeat(70_000), "\n".repeat(5_000)),
      );
      await fc.assert(
        fc.asyncProperty(opening, fc.array(chunk, { maxLength: 6 }), fc.boolean(), async (first, chunks, isRude) => {
          const visit = station.visit(C, port);
          for (const part of [first, ...chunks]) visit.write(part);
          visit.leave(isRude ? "leave" : "end");
          await visit.isClosed();
        }),
        { numRuns: 60 },
      );
      await company.stillServes();
    },
  );
});
