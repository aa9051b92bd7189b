import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { HostNetwork } from "../../../agents/host-network.ts";
import { connectFailureOf, failureOf } from "../../../agents/host-sockets.ts";
import type { HostEvent } from "../../../agents/technique/machine.ts";
import { ipv4, port } from "../../../wire/address.ts";

it("a socket whose port another program has fails alone, and not before its machine has done what it was about", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const localPort = (other.address() as AddressInfo).port;
  const events: HostEvent[] = [];
  const network = new HostNetwork(
    {
      role: "a",
      technique: { name: "connect" },
      x: "127.0.0.1",
      session: "s",
      key: "k",
      localPort,
      deadlineMs: 1,
      seed: 1,
    },
    undefined,
    (event) => events.push(event),
  );
  const to = { ip: ipv4("127.0.0.1"), port: port(9) };
  const connecting = network.connect({ kind: "connect", socket: "birthday-7", localPort, to });
  expect(events).toEqual([]);
  await connecting;
  await network.dispose();
  other.close();
  expect(events).toEqual([
    {
      kind: "connect-failed",
      socket: "birthday-7",
      failure: "port-busy",
      detail: expect.stringContaining("EADDRINUSE"),
    },
  ]);
});

it("a RST to a handshake that was not done yet is a refusal, as it is for a SYN that nobody has answered", () => {
  const reset = Object.assign(new Error("connect ECONNRESET"), { code: "ECONNRESET" });
  expect(connectFailureOf(reset)).toEqual({ failure: "peer-nat-reset", detail: "connect ECONNRESET" });
  expect(failureOf(reset, "deadline").failure).toBe("reset-after-open");
});
