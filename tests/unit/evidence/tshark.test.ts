import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEvidence } from "../../../orchestrator/evidence/load.ts";
import { noTshark, tshark } from "../../kit/tshark.ts";
import { NODE_IDS } from "../../../wire/control.ts";
import { withRun } from "../timeline/run.ts";

describe.skipIf(noTshark)("a trial's capture, read by tshark", () => {
  it.each(["direct-carriers", "reset-by-nat"] as const)(
    "of %s has every packet of every node, at an interface with the node's name, in order of time by one clock",
    async (name) => {
      await withRun(name, async (_run, id, trial) => {
        const file = join(trial, "capture.pcapng");
        const fields = ["frame.interface_name", "frame.interface_description", "frame.time_epoch", "ip.src", "ip.ttl"];
        const rows = tshark(file, "frame", fields);
        const { captures } = await readEvidence(trial);
        for (const [node, { packets, interfaces }] of Object.entries(captures)) {
          const own = rows.filter(([interfaceName]) => interfaceName!.startsWith(`${node}:`));
          expect(own.length, node).toBe(packets.length);
          const names = new Set(own.map(([interfaceName, description]) => `${interfaceName} ${description}`));
          for (const one of names)
            expect(interfaces.map((iface) => `${node}:${iface} ${iface} of ${node}`)).toContain(one);
        }
        expect(rows.every(([one]) => NODE_IDS.some((node) => one!.startsWith(`${node}:`)))).toBe(true);
        const times = rows.map(([, , time]) => Number(time));
        expect(times).toEqual(times.toSorted((one, other) => one - other));
        const { stdout } = spawnSync("capinfos", ["-k", file], { encoding: "utf8" });
        expect(stdout).toContain(`natbed ${id}`);
      });
    },
  );

  it("shows a SYN at each place that it passed in the order of its way, one hop less at each router: the clock is one", async () => {
    await withRun("reset-by-nat", (_run, _id, trial) => {
      const filter = "tcp.flags.syn==1 && tcp.flags.ack==0 && ip.dst==198.51.100.2";
      const fields = ["frame.interface_name", "frame.time_epoch", "ip.ttl", "tcp.seq_raw"];
      const seen = tshark(join(trial, "capture.pcapng"), filter, fields);
      const first = seen.filter(([, , , seq]) => seq === seen[0]![3]);
      expect(first.map(([place, , ttl]) => `${place} ${ttl}`)).toEqual([
        "a:lan 64",
        "na:in 64",
        "na:out 63",
        "r:wan-a 63",
        "r:wan-b 62",
        "nb:out 62",
      ]);
      const times = first.map(([, time]) => Number(time));
      for (const [at, time] of times.entries()) if (at > 0) expect(time).toBeGreaterThanOrEqual(times[at - 1]!);
      expect(times.at(-1)! - times[0]!).toBeLessThan(0.05);
    });
  });
});
