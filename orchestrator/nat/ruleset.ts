import type { GatewayDuties, GatewayRules } from "../../wire/control.ts";
import { HOOKS, IPTABLES, type Chain, type Fragment, type Hook, type Table } from "./fragment.ts";
import { completeModel, type Gateway, type NatModel } from "./model.ts";
import { allocationRules } from "./rules/allocation.ts";
import { filteringRules } from "./rules/filtering.ts";
import { hairpinRules } from "./rules/hairpin.ts";
import { blockedInward } from "./rules/inward.ts";
import { recorderRules } from "./rules/recorder.ts";
import { crossingRules } from "./rules/crossing.ts";
import { outOfStateRules } from "./rules/out-of-state.ts";
import { resetRules } from "./rules/reset.ts";
import { sequenceNumberRules } from "./rules/sequence-numbers.ts";
import { sessionLimitRules } from "./rules/session-limit.ts";
import { sourceRouteRules } from "./rules/source-route.ts";
import { statelessRules } from "./rules/stateless.ts";
import { timeoutRules } from "./rules/timeouts.ts";
import { windowRules } from "./rules/window.ts";
import { timeExceededRules } from "./rules/time-exceeded.ts";
import { unsolicitedRules } from "./rules/unsolicited.ts";

/**
 * A gateway's place in the world: its outside interface by name, the prefix behind it, its outside address. It may have several inside
 * interfaces (a neighbour's, a carrier's subscribers'): inside is everything but `outside`, in iptables `! -i out`.
 */
export interface GatewayPlace {
  readonly outside: string;
  /** CIDR prefix of what is behind it, e.g. `10.1.0.0/24`; a carrier's is everything. */
  readonly lan: string;
  readonly outsideAddress: string;
  /** CIDR prefix of a private network whose hosts reach each other through it as through any router. */
  readonly network?: string;
}

/** What each axis adds, in the order in which their rules stand in a chain they share. */
const AXES: readonly AxisRules[] = [
  sourceRouteRules, // knows its packets by their numbers
  sequenceNumberRules,
  timeExceededRules,
  crossingRules,
  sessionLimitRules,
  resetRules,
  allocationRules,
  recorderRules,
  filteringRules,
  hairpinRules,
  outOfStateRules,
  unsolicitedRules,
  windowRules,
  timeoutRules,
  blockedInward,
];
/** A stateless NAT has no connections that the other axes could be about. */
const STATELESS: readonly AxisRules[] = [
  sequenceNumberRules,
  sourceRouteRules,
  timeExceededRules,
  statelessRules,
  unsolicitedRules,
  windowRules,
  timeoutRules,
];
type AxisRules = (model: NatModel, place: GatewayPlace) => Fragment;

/** What a plain router is set to: nothing of the NAT before it may stay. */
const ROUTER = completeModel({ ports: { kind: "preserve" } });
const ROUTER_FOR_SOURCE_ROUTES = completeModel({ ports: { kind: "preserve" }, sourceRoute: "stock" });

/**
 * Rules that make a Linux box behave like `gateway`. Loading the same text twice changes nothing but restarting a sequential
 * allocator at its first port and forgetting what the NAT recorded of its mappings.
 */
export function renderRuleset(gateway: Gateway, place: GatewayPlace): GatewayRules {
  const fragments =
    gateway.kind === "nat"
      ? fragmentsOf(gateway.model, place)
      : [settingsOnly(gateway.sourceRoute === "forward" ? ROUTER_FOR_SOURCE_ROUTES : ROUTER, place)];
  return {
    iptables: (Object.keys(IPTABLES) as Table[]).map((table) => iptablesTable(table, fragments)).join(""),
    nft: nftTable(fragments),
    sysctls: Object.assign({}, ...fragments.map(({ sysctls }) => sysctls)) as Record<string, string>,
    duties: Object.assign({}, ...fragments.map(({ duties }) => duties)) as GatewayDuties,
  };
}

function fragmentsOf(model: NatModel, place: GatewayPlace): Fragment[] {
  return (model.sourceRoute === "stateless" ? STATELESS : AXES).map((axis) => axis(model, place));
}

function settingsOnly(model: NatModel, place: GatewayPlace): Fragment {
  return {
    sysctls: Object.assign({}, ...fragmentsOf(model, place).map(({ sysctls }) => sysctls)) as Record<string, string>,
  };
}

function iptablesTable(table: Table, fragments: readonly Fragment[]): string {
  const user = table === "nat" ? fragments.flatMap(({ chains }) => chains ?? []) : [];
  const declared = [...IPTABLES[table].map((chain) => `:${chain} ACCEPT`), ...user.map(({ name }) => `:${name} -`)];
  const builtIn = IPTABLES[table].flatMap((chain) =>
    fragments
      .flatMap(({ iptables }) => iptables?.[`${table} ${chain}` as Chain] ?? [])
      .map((rule) => `-A ${chain} ${rule}`),
  );
  const rules = [...builtIn, ...user.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`))];
  return [`*${table}`, ...declared, ...rules, "COMMIT", ""].join("\n");
}

/** Declared before it is deleted, so that deleting cannot fail; one transaction. */
function nftTable(fragments: readonly Fragment[]): string {
  const fresh = "table ip natbed\ndelete table ip natbed\n";
  const objects = fragments.flatMap(({ objects }) => objects ?? []);
  const user = fragments
    .flatMap(({ nftChains }) => nftChains ?? [])
    .map(({ name, rules }) => block(`chain ${name}`, rules));
  const base = (Object.keys(HOOKS) as Hook[]).flatMap((hook) => {
    const rules = fragments.flatMap(({ nft }) => nft?.[hook] ?? []);
    return rules.length > 0 ? [block(`chain ${hook}`, [`${HOOKS[hook]}; policy accept;`, ...rules])] : [];
  });
  const blocks = [...objects.map(indent), ...user, ...base];
  return blocks.length > 0 ? `${fresh}table ip natbed {\n${blocks.join("\n")}\n}\n` : fresh;
}

function block(head: string, rules: readonly string[]): string {
  return indent([`${head} {`, ...rules.map(indent), "}"].join("\n"));
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}
