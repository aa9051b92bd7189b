import { formatEndpoint, sameEndpoint, type Endpoint } from "../../../wire/address.ts";
import type { Binding } from "../../../wire/fingerprint.ts";
import { determined, undetermined, type Finding } from "../measured.ts";
import type { Dependency } from "../model.ts";

/** A binding that X saw. */
export interface SeenBinding extends Binding {
  readonly outside: Endpoint;
}

/** Of pairs that should agree so many may differ: another host may have held the very port (collision), a mapping may have ended. */
const STRAY_SHARE = 0.1;

/** What a mapping depends on (RFC 4787 section 4.1): one local port to two endpoints of X, same outside endpoint or not. */
export function classifyMapping(made: readonly Binding[]): Finding<Dependency> {
  const pairs = successivePairs(made);
  const ports = tally(pairs.filter(([one, next]) => one.x.ip === next.x.ip));
  const addresses = tally(pairs.filter(([one, next]) => one.x.ip !== next.x.ip));
  const evidence = [
    ...(ports.of > 0 ? [`to another port of X the outside port stayed in ${ports.same} of ${ports.of} pairs`] : []),
    ...(addresses.of > 0 ? [`to another address in ${addresses.same} of ${addresses.of}`] : []),
  ].join(", ");
  if (pairs.length === 0) return undetermined("no local port reached two endpoints of X");
  if (ports.answer === "differs") return determined("address-and-port-dependent", evidence);
  if (addresses.answer === "same" && ports.answer === "same") return determined("endpoint-independent", evidence);
  if (addresses.answer === "differs" && ports.answer === "same") return determined("address-dependent", evidence);
  const missing = ports.answer === "untested" ? "port" : "address";
  return undetermined(`X was not reached at a second ${missing} from one local port (${evidence})`);
}

/** Bindings of one local endpoint that follow each other and go to different endpoints of X. */
function successivePairs(made: readonly Binding[]): [SeenBinding, SeenBinding][] {
  const byLocal = Map.groupBy(made.filter(isSeen), ({ local }) => formatEndpoint(local));
  return [...byLocal.values()].flatMap((bindings) =>
    bindings.slice(1).flatMap((next, index): [SeenBinding, SeenBinding][] => {
      const before = bindings[index];
      return before && !sameEndpoint(before.x, next.x) ? [[before, next]] : [];
    }),
  );
}

export function isSeen(binding: Binding): binding is SeenBinding {
  return binding.outside !== undefined;
}

function tally(pairs: readonly [SeenBinding, SeenBinding][]) {
  const of = pairs.length;
  const same = pairs.filter(([one, next]) => sameEndpoint(one.outside, next.outside)).length;
  if (of === 0) return { of, same, answer: "untested" as const };
  return { of, same, answer: (of - same) / of <= STRAY_SHARE ? ("same" as const) : ("differs" as const) };
}

/** The bindings that made a new mapping, in order: one for each thing that a mapping depends on. */
export function newMappings(made: readonly Binding[], mapping: Finding<Dependency>): SeenBinding[] {
  const dependency = mapping.kind === "determined" ? mapping.value : "endpoint-independent";
  const last = new Map<string, Endpoint>();
  return made.filter(isSeen).filter((binding) => {
    const key = keyOf(binding, dependency);
    const before = last.get(key);
    last.set(key, binding.outside);
    // A port that was closed and used again may get a new mapping, or its old one.
    return !before || (dependency === "address-and-port-dependent" && !sameEndpoint(before, binding.outside));
  });
}

function keyOf({ local, x }: Binding, dependency: Dependency): string {
  const peer = {
    "endpoint-independent": "",
    "address-dependent": x.ip,
    "address-and-port-dependent": formatEndpoint(x),
  };
  return `${formatEndpoint(local)} ${peer[dependency]}`;
}
