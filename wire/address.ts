import { decoded, malformed, type Decoded } from "./decoded.ts";

declare const ipv4Brand: unique symbol;
declare const portBrand: unique symbol;

/** A dotted quad in its one canonical spelling, so that `===` compares addresses. */
export type Ipv4 = string & { readonly [ipv4Brand]: true };

/** 0 to 65535. */
export type Port = number & { readonly [portBrand]: true };

export interface Endpoint {
  readonly ip: Ipv4;
  readonly port: Port;
}

/** The two addresses that a TCP or UDP checksum covers. */
export interface AddressPair {
  readonly src: Ipv4;
  readonly dst: Ipv4;
}

const MAX_PORT = 0xffff;
// RFC 6943 §3.1.1: the strict form only, no leading zeros (some readers take them for octal), no short forms.
const QUAD = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

/** Reads a dotted quad in its strict form. */
export function parseIpv4(text: string): Decoded<Ipv4> {
  const octets = QUAD.exec(text);
  if (octets === null || octets.slice(1).some((octet) => Number(octet) > 255))
    return malformed(`not an IPv4 address: ${JSON.stringify(text)}`);
  return decoded(text as Ipv4);
}

/** An address known to be right in the source text; throws RangeError where it is not. */
export function ipv4(text: string): Ipv4 {
  const parsed = parseIpv4(text);
  if (!parsed.ok) throw new RangeError(parsed.error);
  return parsed.value;
}

/** A port known to be right; throws RangeError outside 0 to 65535. */
export function port(value: number): Port {
  if (!Number.isInteger(value) || value < 0 || value > MAX_PORT) throw new RangeError(`not a port: ${value}`);
  return value as Port;
}

/** The address as an unsigned 32-bit number. */
export function ipv4ToU32(ip: Ipv4): number {
  let value = 0;
  let octet = 0;
  for (let at = 0; at < ip.length; at++) {
    const code = ip.charCodeAt(at);
    if (code === 0x2e) {
      value = value * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - 0x30;
  }
  return value * 256 + octet;
}

/** The address of an unsigned 32-bit number; higher bits are dropped. */
export function u32ToIpv4(value: number): Ipv4 {
  return `${(value >>> 24) & 0xff}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${value & 0xff}` as Ipv4;
}

/** Networks whose addresses mean another host in every network: RFC 1918 section 3, and a carrier's subscribers' (RFC 6598 section 7). */
const PRIVATE = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
] as const;

export function isPrivate(ip: Ipv4): boolean {
  return PRIVATE.some(([network, bits]) => (ipv4ToU32(ip) ^ ipv4ToU32(network as Ipv4)) >>> (32 - bits) === 0);
}

/** Reads `1.2.3.4:5`. */
export function parseEndpoint(text: string): Decoded<Endpoint> {
  const parts = /^([^:]*):(0|[1-9]\d{0,4})$/.exec(text);
  const ip = parseIpv4(parts?.[1] ?? "");
  const number = Number(parts?.[2]);
  if (!ip.ok || !(number <= MAX_PORT)) return malformed(`not an address:port: ${JSON.stringify(text)}`);
  return decoded({ ip: ip.value, port: number as Port });
}

export function formatEndpoint(endpoint: Endpoint): string {
  return `${endpoint.ip}:${endpoint.port}`;
}

export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.ip === other.ip;
}
