import { expect, it } from "vitest";
import { Laboratory, NAT, STRANGER } from "./laboratory.ts";
import { missingForKernelTests } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: a NAT that configures itself on the real kernel (${missing})`);

it.skipIf(missing)("a NAT of a compose file does what its rules leave to its agent", async () => {
  await using lab = await Laboratory.open();
  const { outside } = await lab.packetHosts();
  await lab.standAlone({ ports: { kind: "preserve" }, unsolicitedSyn: { kind: "delayed-icmp", afterMs: 200 } });
  outside.send({ from: [STRANGER, 6000], to: [NAT, 700], flags: "syn" });
  expect(await outside.arrival(({ icmp }) => icmp?.kind === "destination-unreachable")).toMatchObject({
    icmp: { code: 3 },
  });
});
