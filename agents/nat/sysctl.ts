import { readFileSync, writeFileSync } from "node:fs";

/** A setting, by full name, as it was and as the kernel has it now. */
export interface Setting {
  readonly name: string;
  readonly was: string;
  readonly now: string;
}

/**
 * Gives settings of this network namespace their values, by full name (`net.ipv4.ip_forward`). What has its value already is not written: an engine that keeps /proc/sys/net read-only
 * matters only where a NAT differs from the one its container was made for. Throws where the kernel or the engine refuses one.
 */
export function setSysctls(sysctls: Readonly<Record<string, string>>): readonly Setting[] {
  return Object.entries(sysctls).map(([name, value]) => setSysctl(name, value));
}

function setSysctl(name: string, value: string): Setting {
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  const read = (): string => readFileSync(path, "utf8").trim();
  let was: string;
  try {
    was = read();
    if (was === value) return { name, was, now: value };
    writeFileSync(path, value);
  } catch (error) {
    throw new Error(`cannot set ${name} to ${value}, which this NAT needs: ${(error as Error).message}`);
  }
  const now = read();
  if (now !== value) throw new Error(`${name} was set to ${value} and is ${now}`);
  return { name, was, now };
}
