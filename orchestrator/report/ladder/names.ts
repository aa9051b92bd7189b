import { formatEndpoint, type Endpoint, type Ipv4 } from "../../../wire/address.ts";
import type { NodeId } from "../../../wire/control.ts";
import { ADDRESS } from "../../plan/addresses.ts";
import { CARRIER_IDS, outsideOf, type WorldShape } from "../../plan/shape.ts";

/** Nodes by their addresses, as ladders write them: `NA:5000`. */
export type Names = ReadonlyMap<string, string>;

/** Which address is whose in a world with these nodes. */
export function namesOf(nodes: readonly NodeId[]): Names {
  const carriers = CARRIER_IDS.filter((id) => nodes.includes(id)) as unknown as WorldShape["carriers"];
  const gateways = (["na", "nb", ...carriers] as const).map(
    (at) => [outsideOf({ carriers }, at), at.toUpperCase()] as const,
  );
  return new Map<string, string>([
    [ADDRESS.a, "A"],
    [ADDRESS.aSecond, "A′"],
    [ADDRESS.b, "B"],
    [ADDRESS.bSecond, "B′"],
    [ADDRESS.a2, "A2"],
    [ADDRESS.b2, "B2"],
    [ADDRESS.x, "X"],
    [ADDRESS.xSecond, "X′"],
    [ADDRESS.rTowardsNa, "R"],
    [ADDRESS.rTowardsNb, "R"],
    [ADDRESS.rTowardsX, "R"],
    [ADDRESS.naInside, "NA"],
    [ADDRESS.nbInside, "NB"],
    [ADDRESS.carrierTowardsNa, "C".padEnd(carriers.some((id) => id === "ca") ? 2 : 1, "A")],
    [ADDRESS.carrierTowardsNb, "C".padEnd(carriers.some((id) => id === "cb") ? 2 : 1, "B")],
    ...gateways,
  ]);
}

export const nameOf = (names: Names, ip: Ipv4): string => names.get(ip) ?? ip;

export function endpointText(names: Names, endpoint: Endpoint): string {
  const name = names.get(endpoint.ip);
  return name === undefined ? formatEndpoint(endpoint) : `${name}:${endpoint.port}`;
}

/** A sentence with every known address in it replaced by its owner's name. */
export function withNames(names: Names, sentence: string): string {
  return sentence.replace(/\b\d+\.\d+\.\d+\.\d+\b/g, (ip) => names.get(ip) ?? ip);
}
