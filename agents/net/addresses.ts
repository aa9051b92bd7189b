import koffi from "koffi";
import { u32ToIpv4, type Ipv4 } from "../../wire/address.ts";
import { AF_INET } from "./libc.ts";

const libc = koffi.load("libc.so.6");
const getifaddrs = libc.func("int getifaddrs(_Out_ void **first)");
const freeifaddrs = libc.func("void freeifaddrs(void *first)");
/** Of struct ifaddrs, what is read (getifaddrs(3), LP64). */
const interfaceAddress = koffi.struct({ next: "void *", name: "str", flags: "uint64_t", address: "void *" });
/** struct sockaddr_in. */
const socketAddress = koffi.struct({ family: "uint16_t", port: "uint16_t", ip: koffi.array("uint8_t", 4) });

/**
 * `address` and, behind it, the other IPv4 addresses of the interface that has it. Node's own list leaves out interfaces whose link is
 * not running yet, as a fresh world's are not for up to a second.
 */
export function addressesBeside(address: Ipv4): readonly Ipv4[] {
  const all = interfaceAddresses();
  const name = all.find((one) => one.address === address)?.name;
  return [address, ...all.filter((one) => one.name === name && one.address !== address).map((one) => one.address)];
}

interface InterfaceAddress {
  readonly name: string;
  readonly address: Ipv4;
}

function interfaceAddresses(): readonly InterfaceAddress[] {
  const first: [unknown] = [null];
  if (getifaddrs(first) !== 0) return [];
  const found: InterfaceAddress[] = [];
  for (let at = first[0]; at;) {
    const entry = koffi.decode(at, interfaceAddress) as { next: unknown; name: string; address: unknown };
    const socket = entry.address
      ? (koffi.decode(entry.address, socketAddress) as { family: number; ip: Uint8Array })
      : undefined;
    if (socket?.family === AF_INET) found.push({ name: entry.name, address: dotted(socket.ip) });
    at = entry.next;
  }
  freeifaddrs(first[0]);
  return found;
}

function dotted([first = 0, second = 0, third = 0, fourth = 0]: Uint8Array): Ipv4 {
  return u32ToIpv4((first << 24) | (second << 16) | (third << 8) | fourth);
}
