import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipv4, port } from "../../../wire/address.ts";
import type { Binding, Fingerprint, SynFate } from "../../../wire/fingerprint.ts";
import { NATS, type NatName } from "../../../orchestrator/nat/catalogue.ts";
import { classify } from "../../../orchestrator/nat/classify.ts";
import { judgeConformance } from "../../../orchestrator/nat/conformance.ts";
import type { TimerBasis } from "../../../orchestrator/nat/conformance/requirement.ts";
import { completeModel } from "../../../orchestrator/nat/model.ts";
import { draws, models, seeds } from "./arbitrary.ts";
import { observe } from "./simulated.ts";

const modelOf = (name: NatName) => completeModel(NATS[name].axes);
const stock = observe(modelOf("linux-masquerade"), draws(1));

function verdicts(seen: Fingerprint, timers?: TimerBasis): Record<string, string> {
  const rows = judgeConformance(seen, classify(seen), timers);
  return Object.fromEntries(rows.map(({ rfc, id, verdict }) => [`${rfc} ${id}`, verdict]));
}

/** Verdicts where these fields of the fingerprint are others. */
const changed = (change: Partial<Fingerprint>) => verdicts({ ...stock, ...change });

describe("conformance", () => {
  it("of the catalogue's RFC 5382 NAT is a pass wherever it was tested", () => {
    const model = modelOf("rfc5382");
    const seen: Fingerprint = {
      ...observe(model, draws(1)),
      hairpin: { ran: true, arrived: true, from: { ip: ipv4("192.0.2.2"), port: port(20_000) } },
    };
    const found = verdicts(seen, { kind: "scaled", scale: 60, declared: model.timeouts });
    const tested = Object.entries(found).filter(([, verdict]) => verdict !== "undetermined");
    expect(tested.filter(([, verdict]) => verdict !== "pass")).toEqual([]);
    expect(tested.length).toBeGreaterThan(10);
  });

  it("of a bare Linux NAT fails where Linux does", () => {
    const model = modelOf("linux-masquerade");
    expect(verdicts(stock, { kind: "scaled", scale: 60, declared: model.timeouts })).toMatchObject({
      "5382 REQ-1": "pass",
      "5382 REQ-2": "pass",
      "5382 REQ-3": "fail",
      "5382 REQ-4": "fail",
      "5382 REQ-5": "fail",
      "5382 REQ-6": "undetermined",
      "5382 REQ-8": "fail",
      "5382 REQ-9": "pass",
      "5382 REQ-10": "pass",
      "7857 2.1": "fail",
      "7857 2.2 a": "pass",
      "7857 2.2 b": "fail",
      "7857 9": "pass",
    });
  });

  it("of the hostile NAT fails simultaneous open, ICMP and RST", () => {
    expect(verdicts(observe(modelOf("hostile"), draws(1)))).toMatchObject({
      "5382 REQ-1": "fail",
      "5382 REQ-2": "fail",
      "5382 REQ-4": "fail",
      "5382 REQ-10": "fail",
      "7857 2.2 a": "fail",
      "7857 9": "pass",
    });
  });

  it("of sequential ports fails to be unpredictable, and to keep parity", () => {
    const found = verdicts(observe(modelOf("symmetric-sequential"), draws(1)));
    expect(found).toMatchObject({ "7857 9": "fail", "4787 REQ-4": "fail" });
  });

  it.each<[string, SynFate, string]>([
    ["silence for 6 s", { kind: "silence", waitedMs: 6500 }, "pass"],
    ["silence as long as it was waited", { kind: "silence", waitedMs: 150 }, "undetermined"],
    ["ICMP after 6 s", { kind: "icmp", type: 3, code: 3, by: ipv4("192.0.2.2"), afterMs: 6010 }, "pass"],
    ["ICMP after 3 s", { kind: "icmp", type: 3, code: 3, by: ipv4("192.0.2.2"), afterMs: 3000 }, "fail"],
    ["RST", { kind: "reset", afterMs: 7000 }, "fail"],
    ["SYN+ACK", { kind: "accepted", afterMs: 1 }, "undetermined"],
  ])("REQ-4 after %s", (_, fate, verdict) => {
    expect(changed({ unsolicited: { ran: true, fate } })["5382 REQ-4"]).toBe(verdict);
  });

  it("REQ-4 fails where an outbound SYN does not silence the answer", () => {
    const late: SynFate = { kind: "icmp", type: 3, code: 3, by: ipv4("192.0.2.2"), afterMs: 6010 };
    const unsolicited = { ran: true, fate: { kind: "silence", waitedMs: 8000 } } as const;
    expect(changed({ unsolicited, unsolicitedThenSyn: { ran: true, fate: late } })["5382 REQ-4"]).toBe("fail");
  });

  it.each<[string, readonly [number, number][], object]>([
    [
      "that own their ports pass",
      [
        [1, 5000],
        [1, 5000],
        [2, 5001],
        [2, 5001],
      ],
      { "5382 REQ-7": "pass", "4787 REQ-11": "pass" },
    ],
    [
      "that share a port fail",
      [
        [1, 5000],
        [1, 5000],
        [2, 6000],
        [2, 5000],
      ],
      { "5382 REQ-7": "fail", "4787 REQ-11": "fail" },
    ],
    [
      "of which one was not seen stay open",
      [
        [1, 5000],
        [1, 5000],
      ],
      { "5382 REQ-7": "undetermined", "4787 REQ-11": "undetermined" },
    ],
  ])("two inside hosts with one local port %s", (_, seen, expected) => {
    const made = seen.map(([host, outside], index): Binding => ({
      local: { ip: ipv4(`10.1.0.${host}`), port: port(5000) },
      x: { ip: ipv4("203.0.113.2"), port: port(7001 + (index % 2)) },
      outside: { ip: ipv4("192.0.2.2"), port: port(outside) },
    }));
    expect(changed({ overloading: { ran: true, made } })).toMatchObject(expected);
  });

  it("REQ-8 wants the outside endpoint as source", () => {
    const from = (ip: string) => ({ ran: true, arrived: true, from: { ip: ipv4(ip), port: port(20_000) } }) as const;
    expect(changed({ hairpin: from("192.0.2.2") })["5382 REQ-8"]).toBe("pass");
    expect(changed({ hairpin: from("10.1.0.2") })["5382 REQ-8"]).toBe("fail");
  });

  it("REQ-5 is open where idle times were too short, and decided by longer ones", () => {
    const points = (alive: number, dead?: number) => [
      { idleMs: alive * 1000, alive: true },
      ...(dead === undefined ? [] : [{ idleMs: dead * 1000, alive: false }]),
    ];
    const timers = (synSent: [number, number?], established: [number, number?]) =>
      changed({
        timers: { ran: true, synSent: points(...synSent), established: points(...established), closing: points(250) },
      })["5382 REQ-5"];
    expect(timers([8], [8])).toBe("undetermined");
    expect(timers([240], [7440])).toBe("pass");
    expect(timers([60, 130], [7440])).toBe("fail");
    expect(timers([240], [600, 3600])).toBe("fail");
  });

  it("without a NAT does not apply", () => {
    const made = stock.bindings.ran ? stock.bindings.made.map((one) => ({ ...one, outside: one.local })) : [];
    expect(new Set(Object.values(changed({ bindings: { ran: true, made } })))).toEqual(new Set(["not-applicable"]));
  });

  it("has a reason behind every verdict of any NAT", () => {
    fc.assert(
      fc.property(models, seeds, (model, seed) => {
        const seen = observe(model, draws(seed));
        for (const { because } of judgeConformance(seen, classify(seen))) expect(because).toMatch(/^\S.*\S$/);
      }),
      { numRuns: 30 },
    );
  });
});
