import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { ipv4, type Ipv4 } from "../../wire/address.ts";
import { X_LINK } from "../../wire/core.ts";

/** R's links by interface index, with R's own address on each. */
export interface Links {
  readonly x: number;
  readonly address: ReadonlyMap<number, Ipv4>;
}

export function readLinks(): Links {
  const address = Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.filter(({ family }) => family === "IPv4").map((own) => [indexOf(name), ipv4(own.address)] as const),
  );
  return { x: indexOf(X_LINK), address: new Map(address) };
}

function indexOf(name: string): number {
  return Number(readFileSync(`/sys/class/net/${name}/ifindex`, "utf8"));
}
