import { PLAIN_CORE, type CoreModel } from "../../wire/control.ts";
import { PLAIN_SPRAY, type TechniqueSpec } from "../../wire/technique.ts";
import { refusalName, type Gateway, type NatModel } from "../nat/model.ts";
import type { Carrier, Cell } from "./cell.ts";

/** Title of the block that cells of a technique stand in: the technique, and what sets the entry apart from its plain use. */
export function blockTitle(technique: TechniqueSpec, neighbours: Cell["neighbours"]): string {
  const parts = [techniqueTitle(technique)];
  if ("predictionOffset" in technique && technique.predictionOffset !== 0) {
    const offset = technique.predictionOffset;
    parts.push(`prediction ${offset > 0 ? "+" : ""}${offset}`);
  }
  const traffic = neighbours?.a ?? neighbours?.b;
  if (traffic) {
    const often = traffic.arrivals === "poisson" ? "at random, on average every" : "every";
    parts.push(`${neighbourWords(neighbours)} ${often} ${traffic.everyMs} ms`);
  }
  return parts.join(", ");
}

function techniqueTitle(technique: TechniqueSpec): string {
  switch (technique.name) {
    case "natblaster-2":
      return `natblaster-2 ${technique.syn}${technique.synAck === "self" ? " self" : ""}`;
    case "natblaster-5":
      return technique.aims === 2 ? technique.name : `${technique.name} aims ${technique.aims}`;
    case "stunt-1":
      return `${technique.name} ${technique.syn}`;
    case "natblaster-1":
    case "natblaster-3":
      return technique.assist === "none" ? technique.name : `${technique.name} assisted`;
    case "birthday-open": {
      const size =
        technique.sockets === technique.targets ? technique.sockets : `${technique.sockets}x${technique.targets}`;
      return `birthday-open ${technique.syn} ${size}`;
    }
    case "stunt-2":
      return `stunt-2 ${technique.syn} ${technique.socket}`;
    case "natblaster-4":
      if (technique.search === "birthday") return technique.name;
      return `${technique.name} ${technique.search}${technique.sequenceShift === "none" ? "" : " shifted"}`;
    case "natblaster-6": {
      const search = technique.search === "blind" ? " blind" : "";
      const anchors =
        technique.anchors === PLAIN_SPRAY.anchors
          ? ""
          : ` ${technique.anchors} anchor${technique.anchors > 1 ? "s" : ""}`;
      const packets = technique.packets === PLAIN_SPRAY.packets ? "" : ` ${technique.packets} SYNs`;
      return `${technique.name}${search}${technique.syn === "normal" ? "" : ` ${technique.syn}`}${anchors}${packets}`;
    }
    case "simultaneous-open":
      return technique.syn === "normal" ? technique.name : `${technique.name} ${technique.syn}`;
    default:
      return technique.name;
  }
}

function neighbourWords(neighbours: Cell["neighbours"]): string {
  if (neighbours?.a && neighbours.b) return "neighbours";
  return neighbours?.a ? "neighbour" : "neighbour of B";
}

/** Identifier of a cell: readable, usable as a file name, unique as long as block, gateways, core and carriers differ. */
export function cellId(block: string, { na, nb, core, carrier }: Pick<Cell, "na" | "nb" | "core" | "carrier">): string {
  const title = block.toLowerCase().replaceAll(/[^a-z0-9+]+/g, "-");
  const coreParts = coreDifferences(core).map(({ id }) => id);
  return [
    title,
    `${gatewayName(na)}~${gatewayName(nb)}`,
    ...policyParts(na, nb),
    ...(coreParts.length > 0 ? [`core-${coreParts.join("+")}`] : []),
    ...(carrier ? [`behind-${carrierPlaces(carrier).join("~")}`] : []),
  ].join(".");
}

/** The name of a gateway in scenario files and tables. */
export function gatewayName(gateway: Gateway): string {
  return gateway.kind === "nat" ? gateway.name : "none";
}

/** The carrier's NAT that stands at a place, `none` where there is none. */
export function carrierName(carrier: Carrier | undefined, place: "a" | "b" | "shared"): string {
  const nat = carrier?.kind === "shared" ? (place === "shared" ? carrier.nat : undefined) : placeOf(carrier, place);
  return nat?.name ?? "none";
}

/** `core 20 ms, anti-spoofing`, `behind carrier-grade shared by both`; nothing of what is plain. */
export function surroundingsText({ core, carrier }: Pick<Cell, "core" | "carrier">): string[] {
  const parts = coreDifferences(core).map(({ text }) => text);
  return [...(parts.length > 0 ? [`core ${parts.join(", ")}`] : []), ...(carrier ? [carrierText(carrier)] : [])];
}

/** An answer to a SYN as it stands in a cell's id. */
function refusalPart({ unsolicitedSyn }: NatModel): string {
  const name = refusalName(unsolicitedSyn);
  return typeof unsolicitedSyn === "string" ? name : `${name}-${unsolicitedSyn.afterMs}ms`;
}

/** Both NATs' policy, once where they agree, e.g. `SYN drop/reset`. */
export function policyText(na: Gateway, nb: Gateway): string[] {
  if (na.kind === "router" || nb.kind === "router") return [];
  const pair = (axis: (model: NatModel) => string) => [...new Set([axis(na.model), axis(nb.model)])].join("/");
  return [`SYN ${pair(refusalPart)}`, `time-exceeded ${pair(({ timeExceeded }) => timeExceeded)}`];
}

function policyParts(na: Gateway, nb: Gateway): string[] {
  if (na.kind === "router" || nb.kind === "router") return [];
  const pair = (axis: (model: NatModel) => string) => [...new Set([axis(na.model), axis(nb.model)])].join("~");
  return [pair(refusalPart), `te-${pair(({ timeExceeded }) => timeExceeded)}`];
}

/** What a core does that a plain one does not, for ids and for people. */
function coreDifferences(core: CoreModel): { readonly id: string; readonly text: string }[] {
  const { icmp, sourceRoute, antiSpoofing, delayMs, lossPercent, extraHops } = core;
  const words: Record<keyof CoreModel, { id: string; text: string }> = {
    icmp: { id: `icmp-${icmp}`, text: `ICMP ${icmp}` },
    sourceRoute: { id: `lsrr-${sourceRoute}`, text: `source routes ${sourceRoute}` },
    antiSpoofing: { id: "anti-spoofing", text: `anti-spoofing ${antiSpoofing ? "on" : "off"}` },
    delayMs: { id: `${delayMs}ms`, text: `${delayMs} ms` },
    lossPercent: { id: `loss-${lossPercent}`, text: `loss ${lossPercent} %` },
    extraHops: { id: `hops-${extraHops}`, text: `${extraHops} more ${extraHops === 1 ? "hop" : "hops"}` },
  };
  const fields = Object.keys(words) as (keyof CoreModel)[];
  return fields.filter((field) => core[field] !== PLAIN_CORE[field]).map((field) => words[field]);
}

function placeOf(carrier: Extract<Carrier, { kind: "each" }> | undefined, place: "a" | "b" | "shared") {
  return place === "shared" ? undefined : carrier?.[place];
}

function carrierPlaces(carrier: Carrier): string[] {
  if (carrier.kind === "shared") return ["shared", carrier.nat.name];
  return [carrierName(carrier, "a"), carrierName(carrier, "b")];
}

function carrierText(carrier: Carrier): string {
  if (carrier.kind === "shared") return `both behind one ${carrier.nat.name}`;
  const [a, b] = carrierPlaces(carrier);
  if (a === b) return `each behind ${a}`;
  return [["A", a] as const, ["B", b] as const]
    .filter(([, name]) => name !== "none")
    .map(([side, name]) => `${side} behind ${name}`)
    .join(", ");
}
