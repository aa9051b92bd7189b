import { NATS, type NamedNat } from "../nat/catalogue.ts";
import { checkModel } from "../nat/check.ts";
import { completeModel, type PartialModel } from "../nat/model.ts";
import { notAllowed, type Problem } from "./problem.ts";
import { NO_NAT, type NatDefinition } from "./schema.ts";

/** Named NATs that a scenario may use, and what is wrong with those of its own that are not among them. */
export interface NamedNats {
  readonly nats: ReadonlyMap<string, NamedNat>;
  readonly problems: readonly Problem[];
}

type Definitions = Readonly<Record<string, NatDefinition>>;

/** Adds a scenario's own NATs to the catalogue, following `extends`. */
export function resolveNats(definitions: Definitions): NamedNats {
  const nats = new Map<string, NamedNat>(Object.entries(NATS));
  const problems: Problem[] = [];
  const faulty = new Set<string>();
  for (const [name, definition] of Object.entries(definitions)) {
    const path = ["nats", name];
    if (name in NATS || name === NO_NAT) {
      problems.push({ path, message: `${name} is a built-in name; give this NAT another one`, atKey: true });
      continue;
    }
    // What extends a faulty NAT may be sound once that one is.
    const nat = faulty.has(definition.extends ?? "") ? [] : define(name, definitions, nats);
    if ("axes" in nat) nats.set(name, nat);
    else {
      faulty.add(name);
      problems.push(...nat);
    }
  }
  return { nats, problems };
}

/** A NAT of the scenario's own, or what is wrong with it. `nats` are those that it can extend. */
function define(
  name: string,
  definitions: Definitions,
  nats: ReadonlyMap<string, NamedNat>,
): NamedNat | readonly Problem[] {
  const path = ["nats", name];
  const definition = definitions[name]!;
  const { extends: from } = definition;
  if (from !== undefined && !nats.has(from)) {
    return Object.hasOwn(definitions, from) && from !== NO_NAT
      ? [{ path, message: `extends ${from}, which is not a NAT defined above it`, atKey: true }]
      : [{ path: [...path, "extends"], message: notAllowed(from, [...nats.keys()]) }];
  }
  const nat = combine(definition, from === undefined ? undefined : nats.get(from));
  if (!nat) return [{ path, message: "needs ports, or extends to take them from", atKey: true }];
  const reasons = checkModel(completeModel(nat.axes));
  return reasons.length > 0 ? reasons.map((message) => contradiction(path, message, definition)) : nat;
}

/** At the axis that the reason begins with, where the definition states it; otherwise at the NAT's name. */
function contradiction(path: readonly string[], message: string, definition: NatDefinition): Problem {
  const [word = ""] = /^\w+/.exec(message) ?? [];
  return word in definition ? { path: [...path, word], message } : { path, message, atKey: true };
}

/** What an extending NAT may drop. */
type Limit = "blockSize" | "sessionLimit";

/** An own NAT with what it takes from the one that it extends; undefined where neither says how ports are chosen. */
function combine(definition: NatDefinition, base: NamedNat | undefined): NamedNat | undefined {
  const { extends: _, describe, ...own } = definition;
  const { blockSize, sessionLimit, ...axes }: Omit<PartialModel, Limit> & Pick<NatDefinition, Limit> = {
    ...base?.axes,
    ...own,
  };
  const { ports } = axes;
  if (!ports) return undefined;
  return {
    axes: {
      ...axes,
      ports,
      ...(typeof blockSize === "number" && { blockSize }),
      ...(typeof sessionLimit === "number" && { sessionLimit }),
      ...((base?.axes.timeouts ?? own.timeouts) && { timeouts: { ...base?.axes.timeouts, ...own.timeouts } }),
    },
    describe: describe ?? base?.describe ?? "a scenario's own NAT",
    source: "the scenario",
  };
}
