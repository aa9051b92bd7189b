import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostMachine, xMachine } from "../../../agents/technique/index.ts";
import type { HostEvent, Machine, XEvent } from "../../../agents/technique/machine.ts";
import type { Port } from "../../../wire/address.ts";
import { FAILURES } from "../../../wire/attempt.ts";
import type { Traversal } from "../../../wire/technique.ts";
import type { HostMessage, SynReport, XMessage } from "../../../wire/rendezvous.ts";
import { endpoints, u16s, u32s } from "../../wire/arbitrary.ts";

const punch = {
  predictionOffset: fc.integer({ min: -1000, max: 1000 }),
  gapMs: fc.nat(60_000),
  skewMs: fc.nat(60_000),
};
const syn = fc.constantFrom("normal" as const, "low-ttl" as const);
const techniques: fc.Arbitrary<Traversal> = fc.oneof(
  fc.record({ name: fc.constantFrom("connect" as const, "public" as const, "relay" as const) }),
  fc.record({ name: fc.constant("simultaneous-open" as const), syn, retryMs: fc.nat(60_000), ...punch }),
  fc.record({ name: fc.constant("p2pnat" as const), retryMs: fc.nat(60_000), ...punch }),
  fc.record({
    name: fc.constant("birthday-open" as const),
    syn,
    sockets: fc.integer({ min: 1, max: 5 }),
    targets: fc.integer({ min: 1, max: 5 }),
    ...punch,
  }),
  fc.record({ name: fc.constant("sequential-open" as const), doomedMs: fc.nat(60_000), ...punch }),
  fc.record({
    name: fc.constantFrom("natblaster-1" as const, "natblaster-3" as const),
    assist: fc.constantFrom("none" as const, "low-ttl-copy" as const),
    ...punch,
  }),
  fc.record({
    name: fc.constant("stunt-2" as const),
    syn,
    socket: fc.constantFrom("kept" as const, "aborted" as const),
    ...punch,
  }),
  fc.record({ name: fc.constant("stunt-1" as const), syn, ...punch }),
  fc.record({
    name: fc.constant("natblaster-2" as const),
    syn,
    synAck: fc.constantFrom("x" as const, "self" as const),
    ...punch,
  }),
  fc.record({ name: fc.constant("tcp-repair" as const), ...punch }),
  fc.record({
    name: fc.constant("natblaster-6" as const),
    search: fc.constantFrom("anchor" as const, "blind" as const),
    syn,
    anchors: fc.integer({ min: 1, max: 4 }),
    packets: fc.integer({ min: 1, max: 64_512 }),
  }),
  fc.record({ name: fc.constant("natblaster-5" as const), aims: fc.integer({ min: 1, max: 8 }), ...punch }),
  fc.record({
    name: fc.constant("natblaster-4" as const),
    search: fc.constant("birthday" as const),
    syns: fc.integer({ min: 1, max: 20_000 }),
    ...punch,
  }),
  fc.record({
    name: fc.constant("natblaster-4" as const),
    search: fc.constant("ack-sweep" as const),
    sequenceShift: fc.constantFrom("none" as const, "learned" as const),
    ...punch,
  }),
);

const roles = fc.constantFrom("a" as const, "b" as const);
const socket = fc.constantFrom("punch", "private", "listener", "listener-1", "birthday-7");
const ports = u16s.map((value) => value as Port);
const syns: fc.Arbitrary<SynReport> = fc.record({ isn: u32s, window: u16s, sackPermitted: fc.boolean() });
const timers = fc.constantFrom(
  "punch",
  "doomed",
  "retry",
  "retry-punch",
  "retry-private",
  "no-hit",
  "repeat-200",
  "repeat-600",
  "answer",
  "give-up",
  "toString",
);
const kind = <K extends string>(value: K) => fc.constant(value);

const xMessages: fc.Arbitrary<XMessage> = fc.oneof(
  fc.record({ t: kind("welcome"), v: u32s, observed: endpoints }),
  fc.record({ t: kind("refused"), reason: fc.string() }),
  fc.record({ t: kind("paired") }),
  fc.record({ t: kind("peer"), endpoint: endpoints }),
  fc.record({ t: kind("peer"), endpoint: endpoints, private: endpoints }),
  fc.record({ t: kind("peer-waiting") }),
  fc.record({ t: kind("peer-syn"), syn: syns }),
  fc.record({ t: kind("sprayed"), count: u16s }),
  fc.record({ t: kind("sweeping"), packets: u32s }),
  fc.record({ t: kind("peer-missed"), count: u32s }),
  fc.record({ t: kind("swept"), packets: u32s }),
  fc.record({ t: kind("open") }),
  fc.record({ t: kind("peer-failed"), reason: fc.string() }),
  fc.record({ t: kind("peer-left") }),
  fc.record({ t: kind("x-failed"), reason: fc.string() }),
);
const hostEvents: fc.Arbitrary<HostEvent> = fc.oneof(
  fc.record({ kind: kind("told"), message: xMessages }),
  fc.record({
    kind: kind("predicted"),
    prediction: fc.record({ localPort: ports, outside: endpoints }),
    localAddress: endpoints.map(({ ip }) => ip),
  }),
  fc.record({ kind: kind("ttl-measured"), ttl: fc.nat(255) }),
  fc.record({ kind: kind("syn-seen"), socket, syn: syns }),
  fc.record({ kind: kind("listening"), socket }),
  fc.record({ kind: kind("connected"), socket }),
  fc.record({ kind: kind("connect-failed"), socket, failure: fc.constantFrom(...FAILURES), detail: fc.string() }),
  fc.record({ kind: fc.constantFrom("verified" as const, "agreed" as const), socket }),
  fc.record({ kind: kind("port-chosen"), localPort: ports }),
  fc.record({ kind: kind("drawn"), ports: fc.array(ports, { maxLength: 5 }) }),
  fc.record({ kind: kind("numbers-drawn"), syn: syns }),
  fc.record({ kind: kind("injected"), socket }),
  fc.record({ kind: fc.constantFrom("spraying" as const, "syns-sprayed" as const), count: u16s }),
  fc.record({
    kind: fc.constantFrom("answered" as const, "met" as const),
    from: endpoints,
    localPort: ports,
    own: syns,
    peer: syns,
  }),
  fc.record({ kind: kind("flooded"), isn: u32s, count: u16s }),
  fc.record({ kind: kind("hit"), localPort: ports, outsidePort: ports, ack: u32s }),
  fc.record({ kind: kind("elapsed"), timer: timers }),
);

const hostMessages: fc.Arbitrary<HostMessage> = fc.oneof(
  fc.record({ t: kind("ready"), endpoint: endpoints }),
  fc.record({ t: kind("ready"), endpoint: endpoints, private: endpoints }),
  fc.record({ t: kind("syn"), syn: syns }),
  fc.record({ t: kind("syn"), syn: syns, answers: fc.boolean() }),
  fc.record({ t: kind("flood"), isn: u32s, count: u16s }),
  fc.record({ t: kind("sweep"), isn: u32s }),
  fc.record({ t: kind("sweep"), isn: u32s, port: ports }),
  fc.record({ t: kind("searching"), packets: u32s }),
  fc.record({ t: kind("missed"), count: u32s }),
  fc.record({ t: kind("heard") }),
  fc.record({ t: kind("hit"), endpoint: endpoints }),
  fc.record({ t: kind("waiting") }),
  fc.record({ t: kind("established") }),
  fc.record({ t: kind("failed"), reason: fc.string() }),
);
const xEvents: fc.Arbitrary<XEvent> = fc.oneof(
  fc.record({ kind: kind("paired"), outside: fc.record({ a: endpoints, b: endpoints }) }),
  fc.record({ kind: kind("told"), from: roles, message: hostMessages }),
  fc.record({ kind: kind("sprayed"), count: u16s }),
  fc.record({ kind: kind("swept"), count: u16s }),
  fc.record({ kind: kind("routed-syn"), from: endpoints, to: endpoints, syn: syns }),
  fc.record({ kind: kind("elapsed"), timer: timers }),
);

describe("a machine, whatever happens in whatever order,", () => {
  it("of a host never throws, leaves its state as it was given, and answers the same twice", () => {
    fc.assert(
      fc.property(techniques, roles, fc.array(hostEvents, { maxLength: 40 }), (technique, role, events) => {
        play(hostMachine(role, technique), events);
      }),
      { numRuns: 500 },
    );
  });

  it("of X never throws, leaves its state as it was given, and answers the same twice", () => {
    fc.assert(
      fc.property(techniques, fc.array(xEvents, { maxLength: 40 }), ({ name }, events) => {
        play(xMachine(name), events);
      }),
      { numRuns: 500 },
    );
  });
});

function play<Event, Action>(machine: Machine<unknown, Event, Action>, events: readonly Event[]): void {
  let state = machine.initial;
  for (const event of events) {
    const before = structuredClone(state);
    const step = machine.step(state, event);
    expect(state).toEqual(before);
    expect(machine.step(state, event)).toEqual(step);
    state = step.state;
  }
}
