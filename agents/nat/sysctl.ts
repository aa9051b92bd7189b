import { readFileSync, writeFileSync } from "node:fs";

/**
 * Gives settings of this network namespace their values, by full name (`net.ipv4.ip_forward`), and returns them as the kernel has
 * them then, one `name = value` a line. What has its value already is not written: an engine that keeps /proc/sys/net read-only
 * matters only where a NAT differs from the one its container was made for. Throws where the kernel or the engine refuses one.
 */
export function setSysctls(sysctls: Readonly<Record<string, string>>): string {
  return Object.entries(sysctls)
    .map(([name, value]) => `${name} = ${setSysctl(name, value)}\n`)
    .join("");
}

function setSysctl(name: string, value: string): string {
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  const now = (): string => readFileSync(path, "utf8").trim();
  try {
    if (now() === value) return value;
    writeFileSync(path, value);
  } catch (error) {
    throw new Error(`cannot set ${name} to ${value}, which this NAT needs: ${(error as Error).message}`);
  }
  const taken = now();
  if (taken !== value) throw new Error(`${name} was set to ${value} and is ${taken}`);
  return taken;
}
