import { describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { checkModel } from "../../../orchestrator/nat/check.ts";
import type { PartialModel, PortAllocation } from "../../../orchestrator/nat/model.ts";

const sequential = (step: number, from: number, to: number, parity?: true): PortAllocation => ({
  kind: "sequential",
  step,
  range: { from, to },
  ...(parity && { parity }),
});
const random = (from: number, to: number, parity?: true): PortAllocation => ({
  kind: "random",
  range: { from, to },
  ...(parity && { parity }),
});

describe("checkModel", () => {
  it.each(Object.entries(NATS))("accepts %s of the catalogue", (_, nat) => {
    expect(checkModel(nat.axes)).toEqual([]);
  });

  it.each([
    ["a range that ends before it starts", random(5000, 4000), /from is greater than to/],
    ["a privileged port", random(1000, 4000), /port 1000 is not in 1024-65535/],
    ["a port beyond 65535", random(4000, 70000), /port 70000/],
    ["half a port", random(4000.5, 5000), /port 4000.5/],
    ["step 0", sequential(0, 40000, 40010), /step 0/],
    ["half a step", sequential(0.5, 40000, 40010), /step 0.5/],
    ["a range with one port of the sequence", sequential(5, 40000, 40003), /too small for step 5/],
    ["a step that would skip at the wrap", sequential(-3, 40000, 40010), /end it at 40009 or 40012/],
    ["a sequence too long to load", sequential(1, 1024, 65535), /64512 ports is longer/],
    ["parity with an odd step", sequential(3, 40000, 40009, true), /step 3 contradicts parity/],
    ["parity where one sequence would skip at the wrap", sequential(4, 40000, 40008, true), /end it at 40005 or 40009/],
    ["parity with two sequences too long to load", sequential(2, 40000, 44097, true), /4098 ports is longer/],
    ["parity in a range of one port", random(40000, 40000, true), /no port of the other parity/],
    ["parity in a range too long to list", random(40000, 44096, true), /has 4097 ports; with parity each is listed/],
  ])("refuses %s", (_, ports, problem) => {
    expect(checkModel({ ports })).toEqual([expect.stringMatching(problem)]);
  });

  it("names every bad port", () => {
    expect(checkModel({ ports: random(1, 70000) })).toHaveLength(2);
  });

  it.each<[string, PartialModel, RegExp]>([
    ["blocks of preserved ports", { ports: { kind: "preserve" }, blockSize: 64 }, /contradicts ports preserve/],
    ["a limit that calibration itself exceeds", { sessionLimit: 31 }, /sessionLimit 31 .* from 32/],
    ["half a session", { sessionLimit: 99.5 }, /sessionLimit 99.5/],
    ["half a block", { blockSize: 0.5 }, /blockSize 0.5/],
    ["blocks without ports", { blockSize: 0 }, /blockSize 0 .* from 1 to 682/],
    ["blocks too large to list", { blockSize: 683 }, /blockSize 683/],
    [
      "a range with fewer blocks than inside hosts",
      { ports: random(40000, 40511), blockSize: 128 },
      /holds 4 blocks of 128/,
    ],
    ["a block larger than the range", { ports: random(40000, 40063), blockSize: 128 }, /holds 0 blocks of 128/],
    [
      "blocks that the step does not divide",
      { ports: sequential(2, 40000, 40511), blockSize: 64 },
      /step 2 does not divide a block of 64 ports: make it 63 or 65/,
    ],
    [
      "blocks of one port with parity",
      { ports: random(40000, 40511, true), blockSize: 1 },
      /block of 1 ports holds no port of the other parity/,
    ],
    [
      "an ICMP answer that is hardly late",
      { unsolicitedSyn: { kind: "delayed-icmp", afterMs: 50 }, wrongPeerSyn: "drop" },
      /unsolicitedSyn: afterMs 50 .* RFC 5382/,
    ],
    [
      "an ICMP answer that comes too late",
      { wrongPeerSyn: { kind: "delayed-icmp", afterMs: 60_001 } },
      /wrongPeerSyn: afterMs 60001/,
    ],
    [
      "wrong peers where every peer is right",
      { filtering: "endpoint-independent", wrongPeerSyn: "reset" },
      /wrongPeerSyn reset contradicts filtering endpoint-independent/,
    ],
    [
      "two delays in one queue",
      { unsolicitedSyn: { kind: "delayed-icmp", afterMs: 6000 }, wrongPeerSyn: { kind: "delayed-icmp", afterMs: 500 } },
      /wait in one queue/,
    ],
    [
      "an error that takes a mapping which is open to others",
      { filtering: "address-dependent", timeExceeded: "teardown" },
      /teardown contradicts filtering address-dependent/,
    ],
    [
      "a filter that refuses whom it admits",
      { filtering: "address-dependent", crossingSyn: "refuse" },
      /crossingSyn refuse contradicts filtering address-dependent/,
    ],
    ["a timeout of no time", { timeouts: { synSentS: 0 } }, /synSentS 0/],
    ["half a second's timeout", { timeouts: { closingS: 0.5 } }, /closingS 0.5/],
    ["a timeout beyond the kernel's counter", { timeouts: { establishedS: 2_147_484 } }, /establishedS 2147484/],
    ["a NAT that never forgets", { timeouts: { establishedS: "never" } }, /establishedS never is a stateless NAT's/],
  ])("refuses %s", (_, axes, problem) => {
    expect(checkModel({ ports: random(32768, 65535), ...axes })).toEqual([expect.stringMatching(problem)]);
  });

  it.each<[string, PartialModel]>([
    ["mapping", { mapping: "address-dependent" }],
    ["filtering", { filtering: "address-and-port-dependent" }],
    ["ports", { ports: random(32768, 65535) }],
    ["timeExceeded", { timeExceeded: "translate" }],
    ["reset", { reset: "deliver-and-remove" }],
    ["outOfState", { outOfState: "leak" }],
    ["windowTracking", { windowTracking: "strict" }],
    ["hairpin", { hairpin: true }],
    ["timeouts.closingS", { timeouts: { ...NATS.stateless.axes.timeouts, closingS: 120 } }],
  ])("refuses a stateless NAT whose %s needs state", (axis, axes) => {
    expect(checkModel({ ...NATS.stateless.axes, ...axes })).toEqual([
      expect.stringMatching(new RegExp(`a stateless NAT cannot have ${axis} .* so ${axis} is`)),
    ]);
  });

  it("refuses a stateless NAT that refuses crossing SYNs, twice over", () => {
    expect(checkModel({ ...NATS.stateless.axes, crossingSyn: "refuse" })).toHaveLength(2);
  });

  it("accepts what is just within the bounds", () => {
    expect(checkModel({ ports: sequential(-2, 40000, 40511, true), mapping: "address-dependent" })).toEqual([]);
    expect(checkModel({ ports: random(40000, 40511, true), blockSize: 85 })).toEqual([]);
    expect(checkModel({ ports: random(20000, 60001), timeouts: { establishedS: 2_147_483 } })).toEqual([]);
  });
});
