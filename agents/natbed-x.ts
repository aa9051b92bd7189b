import { X_PORTS } from "../wire/rendezvous.ts";
import { Recorder } from "./capture.ts";
import { hearPorts } from "./mute.ts";
import { XServer } from "./x-server.ts";

/**
 * X's hand for probers as a program of its own, on a machine that is not behind a NAT: `natbed probe --x` asks it. It relays nothing and
 * introduces nobody. Needs CAP_NET_RAW and CAP_NET_ADMIN; exit code 1 where it has not, or where a port is taken.
 */
try {
  await new XServer(new Recorder("lazy")).listenForProbers();
} catch (error) {
  console.error(`natbed-x: ${(error as Error).message}`);
  process.exit(1);
}
for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, () => {
    hearPorts();
    process.exit(0);
  });
const { from, to } = X_PORTS.silent;
console.log(
  `natbed-x: ready for natbed probe at TCP ${[...X_PORTS.probes, X_PORTS.prober].join(", ")} and ${from}-${to}`,
);
