import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import type { NamedNat } from "../nat/catalogue.ts";
import { completeModel, type Gateway, type NatModel } from "../nat/model.ts";
import type { Carrier, Cell } from "./cell.ts";
import { NO_NAT, type MatrixEntry } from "./schema.ts";
import { NO_CARRIER, type CarrierWords, type PartialCore } from "./surroundings.ts";

/** One choice from each of an entry's lists. */
export type Choice = Pick<Cell, "na" | "nb" | "core" | "carrier">;

/** The axes that an entry states for both of its NATs, unless a NAT fixes them itself. */
export type Policy = Pick<NatModel, "unsolicitedSyn" | "timeExceeded">;
const PLAIN_POLICY: Policy = { unsolicitedSyn: "drop", timeExceeded: "translate" };

/** Every combination of an entry's lists. */
export function* choicesOf(entry: MatrixEntry, nats: ReadonlyMap<string, NamedNat>): Generator<Choice> {
  for (const policy of policiesOf(entry))
    for (const core of listOf<PartialCore>(entry.core, {}))
      for (const words of listOf<CarrierWords>(entry.carrier, NO_CARRIER))
        for (const na of entry.na)
          for (const nb of entry.nb) {
            yield {
              na: gatewayOf(na, nats, policy, core),
              nb: gatewayOf(nb, nats, policy, core),
              core: { ...PLAIN_CORE, ...core },
              ...carrierOf(words, nats),
            };
          }
}

/** The policies that an entry's lists stand for. */
export function policiesOf({ unsolicitedSyn, timeExceeded }: MatrixEntry): Policy[] {
  return (unsolicitedSyn ?? [PLAIN_POLICY.unsolicitedSyn]).flatMap((syn) =>
    (timeExceeded ?? [PLAIN_POLICY.timeExceeded]).map((fate) => ({ unsolicitedSyn: syn, timeExceeded: fate })),
  );
}

/** A NAT by name under an entry's policy; for `none` a plain router, which treats source routes as the core does. */
export function gatewayOf(
  name: string,
  nats: ReadonlyMap<string, NamedNat>,
  policy: Policy,
  { sourceRoute }: Partial<Pick<CoreModel, "sourceRoute">> = {},
): Gateway {
  if (name !== NO_NAT) return natOf(name, nats, policy);
  return { kind: "router", ...(sourceRoute === "forward" && { sourceRoute }) };
}

function natOf(name: string, nats: ReadonlyMap<string, NamedNat>, policy: Policy) {
  const nat = nats.get(name);
  if (!nat) throw new Error(`${name} was not looked up before`);
  return { kind: "nat" as const, name, model: completeModel({ ...policy, ...nat.axes }) };
}

/** Carriers keep to themselves: an entry's policy is that of the NATs at home. */
function carrierOf(words: CarrierWords, nats: ReadonlyMap<string, NamedNat>): { carrier?: Carrier } {
  if (words === NO_CARRIER) return {};
  const { a, b, shared } = words;
  const nat = (name: string) => natOf(name, nats, PLAIN_POLICY);
  if (shared !== undefined) return { carrier: { kind: "shared", nat: nat(shared) } };
  return { carrier: { kind: "each", ...(a !== undefined && { a: nat(a) }), ...(b !== undefined && { b: nat(b) }) } };
}

/** What an entry says once or as a list, as a list. */
function listOf<Item>(said: Item | readonly Item[] | undefined, otherwise: Item): readonly Item[] {
  if (said === undefined) return [otherwise];
  return Array.isArray(said) ? (said as readonly Item[]) : [said as Item];
}
