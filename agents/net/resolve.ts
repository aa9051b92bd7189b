import { lookup } from "node:dns/promises";
import type { Ipv4 } from "../../wire/address.ts";

/** The IPv4 address that a name of X stands for. Rejects with what is known of the name instead. */
export async function resolveX(name: string): Promise<Ipv4> {
  const found = await lookup(name, { all: true }).catch(({ code }: NodeJS.ErrnoException) => {
    throw new Error(`${name} has no address that can be found (${code})`);
  });
  const address = found.find(({ family }) => family === 4)?.address;
  if (address === undefined)
    throw new Error(`${name} has IPv6 addresses only; natbed is about NATs between IPv4 networks`);
  return address as Ipv4;
}
