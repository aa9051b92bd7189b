import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HostRole } from "../../../wire/rendezvous.ts";
import type { NatTraits } from "../../../wire/traits.ts";
import type { AutoEvent } from "../../../agents/technique/auto.ts";
import { HOP_MS, PROBE_MS, playAuto, type AutoPlay, type Deed, type Ending } from "./auto-simulation.ts";

/** Two home routers that answer SYNs with RST and hide ICMP errors: a plan of some steps. */
const ROUTER: Partial<NatTraits> = {
  ports: "preserved",
  open: false,
  openToAddress: false,
  refusal: "reset",
  ttlError: false,
  crossing: true,
  answersOut: false,
  sequenceKept: true,
  sourceRoute: "refuse",
};
const PLAN = ["stunt-2", "natblaster-2", "tcp-repair", "relay"];
const WITHIN_MS = 30_000;
const LAST_MS = 4_000;
const FAILS = { ok: false, afterMs: 100 };
const WORKS = { ok: true, afterMs: 100 };
const NEVER = { ok: false, afterMs: Infinity };

const routers = (ending: AutoPlay["ending"], more: Partial<AutoPlay> = {}): readonly Deed[] =>
  playAuto({ nats: { a: ROUTER, b: ROUTER }, withinMs: WITHIN_MS, lastMs: LAST_MS, ending, ...more });
const only =
  (step: number): AutoPlay["ending"] =>
  (_, at) =>
    at === step ? WORKS : FAILS;

/** `begins 1 stunt-2 as a`, `adopts`, `gives up: deadline` with their times and roles. */
function storyOf(deeds: readonly Deed[]): string[] {
  return deeds.flatMap(({ atMs, role, action }) => {
    const told = (what: string) => [`${atMs} ${role} ${what}`];
    switch (action.kind) {
      case "attempt":
        return told(`begins ${action.step} ${action.technique.name} as ${action.role}`);
      case "cut":
        return told("cuts");
      case "adopt":
        return told("adopts");
      case "give-up":
        return told(`gives up: ${action.failure}`);
      default:
        return [];
    }
  });
}
const endOf = (deeds: readonly Deed[], of: HostRole): string | undefined =>
  storyOf(deeds.filter(({ role }) => role === of))
    .at(-1)
    ?.replace(/^\d+ . /, "");
const endsOf = (deeds: readonly Deed[]) => [endOf(deeds, "a"), endOf(deeds, "b")];
const stepsOf = (deeds: readonly Deed[], of: HostRole): string[] =>
  deeds.flatMap(({ role, action }) => (role === of && action.kind === "attempt" ? [action.technique.name] : []));

describe("two hosts that leave the choice to their fingerprints", () => {
  it("begin one step after the other, each when both have said how the last one ended", () => {
    const slow = (role: HostRole, step: number): Ending =>
      step === 3 ? WORKS : { ok: false, afterMs: role === "b" && step === 1 ? 500 : 100 };
    expect(storyOf(routers(slow))).toEqual(
      [
        "303 a begins 1 stunt-2 as a",
        "305 b begins 1 stunt-2 as b",
        "807 a begins 2 natblaster-2 as a",
        "809 b begins 2 natblaster-2 as b",
        "911 a begins 3 tcp-repair as a",
        "913 b begins 3 tcp-repair as b",
        "1015 a adopts",
        "1013 b adopts",
      ].toSorted((one, other) => parseInt(one) - parseInt(other)),
    );
  });

  it("follow the same plan to its end, the relay, and give up when that fails too", () => {
    const deeds = routers(() => FAILS);
    expect(stepsOf(deeds, "a")).toEqual(PLAN);
    expect(stepsOf(deeds, "b")).toEqual(PLAN);
    expect(endsOf(deeds)).toEqual(["gives up: nothing-worked", "gives up: nothing-worked"]);
  });

  it("go on where one of them has a connection and the other gave up", () => {
    const halfOpen = (role: HostRole, step: number) => (step === 2 || (step === 1 && role === "b") ? WORKS : FAILS);
    const deeds = routers(halfOpen);
    expect(stepsOf(deeds, "b")).toEqual(PLAN.slice(0, 2));
    expect(endsOf(deeds)).toEqual(["adopts", "adopts"]);
  });

  it("cut the step for which there is no time any more, leave out what would come between, and try the last", () => {
    const stuck = (_: HostRole, step: number) => (step === 4 ? WORKS : NEVER);
    const deeds = routers(stuck);
    expect(stepsOf(deeds, "a")).toEqual(["stunt-2", "relay"]);
    expect(storyOf(deeds)).toContain(`${WITHIN_MS - LAST_MS + HOP_MS} a cuts`);
    expect(endsOf(deeds)).toEqual(["adopts", "adopts"]);
  });

  it("have the last step's time for themselves even where the measurement took all the rest", () => {
    const deeds = routers(only(4), { withinMs: PROBE_MS + LAST_MS - 100 });
    expect(stepsOf(deeds, "a")).toEqual(["relay"]);
    expect(endsOf(deeds)).toEqual(["adopts", "adopts"]);
  });

  it("give up at the deadline, whatever step goes on", () => {
    const deeds = routers(() => NEVER);
    expect(endsOf(deeds)).toEqual(["gives up: deadline", "gives up: deadline"]);
    expect(deeds.at(-1)!.atMs).toBeLessThanOrEqual(WITHIN_MS + 4 * HOP_MS);
  });

  it("take a connection that both had just before the deadline, whoever of them hears of it after", () => {
    const [first, last] = [{ ok: false, afterMs: 100 }, WITHIN_MS - LAST_MS];
    const story = (lateMs: number): string[] =>
      endsOf(
        routers((role, step) => {
          if (step < PLAN.length) return step === 1 ? first : NEVER;
          return { ok: true, afterMs: role === "a" ? 1 : lateMs };
        }),
      ).map(String);
    const ends = Array.from({ length: 40 }, (_, n) => story(WITHIN_MS - last - 20 + n));
    expect(ends.filter(([a, b]) => a !== b && !(a?.startsWith("gives up") && b?.startsWith("gives up")))).toEqual([]);
    expect(new Set(ends.map(([a]) => a))).toEqual(new Set(["adopts", "gives up: peer-failed"]));
  });

  it("both end where one of them leaves in the middle of a step", () => {
    const leaves = [{ atMs: 400, role: "b", event: { kind: "told", message: { t: "peer-left" } } }] as const;
    const deeds = routers(() => NEVER, { faults: leaves });
    expect(endsOf(deeds)).toEqual(["gives up: peer-failed", "gives up: peer-failed"]);
  });

  it("end with a typed failure where X is lost, unless a connection is verified by then", () => {
    const lost = (atMs: number) =>
      [{ atMs, role: "a", event: { kind: "lost", detail: "it went", isFinal: true } }] as const;
    expect(
      endOf(
        routers(() => NEVER, { faults: lost(400) }),
        "a",
      ),
    ).toBe("gives up: rendezvous-lost");
    expect(endOf(routers(only(1), { faults: lost(404) }), "a")).toBe("adopts");
  });

  it.each([
    [false, "begins 4 relay"],
    [true, "gives up: rendezvous-lost"],
  ])("take no connection that the peer said it has not, where X is lost (for good: %s)", (isFinal, end) => {
    const fault = (atMs: number, event: AutoEvent) => ({ atMs, role: "b", event }) as const;
    const faults = [
      fault(410, { kind: "told", message: { t: "peer-outcome", step: 1, ok: false } }),
      fault(411, { kind: "lost", detail: "it restarts", isFinal }),
    ];
    const halfOpen = (role: HostRole, step: number) => (step === 1 && role === "b" ? WORKS : NEVER);
    const deeds = routers(halfOpen, { faults });
    expect(storyOf(deeds)).not.toContain("411 b adopts");
    expect(storyOf(deeds.filter(({ atMs, role }) => role === "b" && atMs > 400))[0]).toMatch(end);
  });

  it("say again what was said where X pairs them once more, and go on where they were", () => {
    const paired = { kind: "told", message: { t: "paired" } } as const;
    const again = (["a", "b"] as const).map((role) => ({ atMs: 350, role, event: paired }));
    const deeds = routers(only(3), { faults: again });
    const said = deeds.flatMap(({ atMs, role, action }) =>
      atMs === 350 && action.kind === "tell" ? [`${role} ${action.message.t}`] : [],
    );
    expect(said).toEqual(["a offer", "a begin", "b offer"]);
    expect(storyOf(deeds)).toEqual(storyOf(routers(only(3))));
  });

  it("try nothing where they want different things", () => {
    const deeds = routers(() => WORKS, { only: { a: "stunt-2", b: undefined } });
    expect(stepsOf(deeds, "a")).toEqual([]);
    expect(endsOf(deeds)).toEqual(["gives up: peer-failed", "gives up: peer-failed"]);
  });

  it("always end in time and alike, having begun no step that the other did not", () => {
    const endings = fc.record({
      ok: fc.boolean(),
      afterMs: fc.oneof(fc.integer({ min: 1, max: 12_000 }), fc.constant(Infinity)),
    });
    const both = fc.record({ a: endings, b: endings });
    fc.assert(
      fc.property(fc.array(both, { minLength: 4, maxLength: 4 }), (steps) => {
        const deeds = routers((role, step) => steps[step - 1]![role]);
        expect(deeds.at(-1)!.atMs).toBeLessThanOrEqual(WITHIN_MS + 4 * HOP_MS);
        const [a, b] = [stepsOf(deeds, "a"), stepsOf(deeds, "b")];
        expect(b).toEqual(a.slice(0, b.length));
        expect(a.length - b.length).toBeLessThanOrEqual(1);
        expect(PLAN.filter((name) => a.includes(name))).toEqual(a);
        const [ofA, ofB] = endsOf(deeds);
        expect(ofA?.startsWith("gives up")).toBe(ofB?.startsWith("gives up"));
      }),
      { numRuns: 500 },
    );
  });
});
