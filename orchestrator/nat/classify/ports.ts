import type { Binding } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding, type MeasuredCapacity, type MeasuredPorts } from "../measured.ts";
import type { Dependency, PortRange } from "../model.ts";
import { newMappings, type SeenBinding } from "./mapping.ts";
import { climbs, constantStep, findStep, follows, sharedStep } from "./step.ts";

/** Fewer ports without a pattern may be the start of a pattern. */
const RANDOM_FROM = 4;
/** By chance, a random allocator keeps the parity of so many ports once in 16,384 times. */
const PARITY_FROM = 14;
/** Of so many bindings one may have been moved by another host that held the port. */
const STRAY_SHARE = 0.1;

/** How outside ports are chosen (RFC 4787 section 4.2, NATBLASTER Fig. 3), from those of successive new mappings. */
export function classifyPorts(made: readonly Binding[], mapping: Finding<Dependency>): Finding<MeasuredPorts> {
  const fresh = newMappings(made, mapping);
  const firsts = fresh.filter(({ local }, at) => fresh.findIndex((other) => other.local.port === local.port) === at);
  const evidence = `seen: ${shown(fresh)}`;
  if (fresh.length < 3) return undetermined(`${fresh.length} new mappings are too few (${evidence})`);
  const moved = firsts.filter(({ local, outside }) => local.port !== outside.port).length;
  if (moved <= firsts.length * STRAY_SHARE) return determined({ kind: "preserve" }, evidence);
  const ports = fresh.map(({ outside }) => outside.port);
  const seen = span(ports);
  const sequence = findSequence(fresh);
  if (sequence) return determined({ kind: "sequential", ...sequence, seen }, evidence);
  if (climbs(ports)) return undetermined(`ports follow each other, yet in no one step (${evidence})`);
  if (ports.length < RANDOM_FROM)
    return undetermined(`${ports.length} ports show no pattern, and are few (${evidence})`);
  const parity = keepsParity(fresh);
  if (parity === true && parities(ports).every(follows))
    return undetermined(`even ports follow each other and odd ones too, and are too few for a step (${evidence})`);
  const chance = parity === true && fresh.length < PARITY_FROM;
  return determined({ kind: "random", seen, ...(parity === undefined || chance ? {} : { parity }) }, evidence);
}

/** Where connections to one endpoint came to an end, so did the host's outside ports (RFC 6888 REQ-4: or its port block). */
export function classifyCapacity({ tried, opened }: { tried: number; opened: number }): Finding<MeasuredCapacity> {
  if (opened >= tried) return determined({ kind: "at-least", ports: opened }, `all of ${tried} connections came about`);
  if (opened === 0) return undetermined(`none of ${tried} connections came about`);
  return determined({ kind: "exhausted", ports: opened }, `${opened} of ${tried} connections came about`);
}

/**
 * One sequence, or evens and odds as two of the same step: these look like one that others take ports of, so they come first. Where
 * inside ports alternate strictly, two sequences of step 2 are one of step 1 and are taken for it.
 */
function findSequence(fresh: readonly SeenBinding[]): { readonly step: number; readonly parity?: boolean } | undefined {
  const ports = fresh.map(({ outside }) => outside.port);
  const parity = keepsParity(fresh);
  const exact = constantStep(ports);
  if (exact === undefined && parity === true) {
    const [even, odd] = parities(ports).map(findStep);
    const shared = even !== undefined && even === odd ? even : sharedStep(parities(ports));
    if (shared !== undefined) return { step: shared, parity: true };
  }
  const step = exact ?? findStep(ports);
  if (step === undefined) return undefined;
  // With an odd step, parity follows the inside port by accident only.
  return step % 2 === 0 && parity === false ? { step, parity } : { step };
}

function parities(ports: readonly number[]): number[][] {
  return [0, 1].map((rest) => ports.filter((port) => port % 2 === rest));
}

/** Whether every outside port has the parity of its inside port; undefined where only one parity was tried. */
function keepsParity(fresh: readonly SeenBinding[]): boolean | undefined {
  if (!fresh.every(({ local, outside }) => (local.port - outside.port) % 2 === 0)) return false;
  return new Set(fresh.map(({ local }) => local.port % 2)).size === 2 ? true : undefined;
}

function span(ports: readonly number[]): PortRange {
  return { from: Math.min(...ports), to: Math.max(...ports) };
}

const SHOWN = 12;

function shown(fresh: readonly SeenBinding[]): string {
  const first = fresh.slice(0, SHOWN).map(({ local, outside }) => `${local.port}→${outside.port}`);
  return fresh.length > SHOWN ? `${first.join(" ")} … ${fresh.length} in all` : first.join(" ");
}
