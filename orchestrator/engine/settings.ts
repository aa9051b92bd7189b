/**
 * A router's agent changes its namespace's settings from NAT to NAT. The engine makes all of /proc/sys read-only by default; here
 * everything but /proc/sys/net stays so. Docker's AppArmor profile, where there is one, forbids the same writes once more.
 */
export const WRITABLE_NETWORK_SETTINGS = {
  ReadonlyPaths: [
    ...["bus", "fs", "irq", "sysrq-trigger"].map((name) => `/proc/${name}`),
    ...["abi", "crypto", "debug", "dev", "fs", "kernel", "sunrpc", "user", "vm"].map((name) => `/proc/sys/${name}`),
  ],
  SecurityOpt: ["apparmor=unconfined"],
};
