import { formatEndpoint } from "../../../wire/address.ts";
import type { Binding } from "../../../wire/fingerprint.ts";
import { isSeen } from "../classify/mapping.ts";
import type { Finding } from "../measured.ts";
import type { Dependency } from "../model.ts";
import { fail, judgeTest, open, pass, type Judgement, type Requirement, type Subject } from "./requirement.ts";

/**
 * RFC 4787, NAT Behavioral Requirements for Unicast UDP (BCP 127): those on addresses, ports and determinism, which make as much sense
 * for TCP, and which RFC 5382 does not state itself.
 */
export const RFC4787: readonly Requirement[] = [
  {
    rfc: 4787,
    id: "REQ-2",
    level: "SHOULD",
    text: "all mappings of a host have the same outside address (paired pooling)",
    judge: ({ seen }) =>
      judgeTest(seen.bindings, ({ made }) => {
        const addresses = [...new Set(made.filter(isSeen).map(({ outside }) => outside.ip))];
        if (addresses.length === 0) return open("X saw no connection");
        return addresses.length === 1 ? pass(`one outside address`) : fail(`${addresses.length} outside addresses`);
      }),
  },
  {
    rfc: 4787,
    id: "REQ-3a",
    level: "SHOULD",
    text: "a well-known source port stays below 1024, any other stays above",
    judge: ({ seen }) =>
      judgeTest(seen.lowPorts, ({ made }) => {
        const low = made.filter(isSeen);
        const strays = [...low, ...(seen.bindings.ran ? seen.bindings.made.filter(isSeen) : [])].filter(
          ({ local, outside }) => local.port < 1024 !== outside.port < 1024,
        );
        const [stray] = strays;
        if (low.length === 0) return open("X saw no connection from a well-known port");
        return stray
          ? fail(
              `a port ${stray.local.port < 1024 ? "below" : "above"} 1023 became one ${stray.outside.port < 1024 ? "below" : "above"} it`,
            )
          : pass("well-known ports stayed below 1024, others above");
      }),
  },
  {
    rfc: 4787,
    id: "REQ-4",
    level: "SHOULD",
    text: "port parity is preserved: even to even, odd to odd (RFC 7857 section 8 lets a NAT do without)",
    judge: judgeParity,
  },
  {
    rfc: 4787,
    id: "REQ-11",
    level: "MUST",
    text: "behaviour is deterministic: a conflict of ports changes no mapping's kind",
    judge: ({ seen, found }) => judgeTest(seen.overloading, ({ made }) => judgeConflict(made, found.axes.mapping)),
  },
];

/** The host that finds its port taken: what its mappings depend on must be what they depend on elsewhere. */
function judgeConflict(made: readonly Binding[], mapping: Finding<Dependency>): Judgement {
  if (mapping.kind === "undetermined") return open(mapping.why);
  if (mapping.value === "address-and-port-dependent") return pass("every connection has a mapping of its own anyway");
  const hosts = Map.groupBy(made.filter(isSeen), ({ local }) => local.ip);
  if (hosts.size < 2) return open("connections from two inside addresses did not come about");
  const alike = [...hosts.values()].flatMap((host) =>
    mapping.value === "address-dependent" ? [...Map.groupBy(host, ({ x }) => x.ip).values()] : [host],
  );
  const ports = alike.map((group) => new Set(group.map(({ outside }) => formatEndpoint(outside))).size);
  const said = "of two hosts with one local port";
  return ports.every((count) => count === 1)
    ? pass(`${said}, each keeps one outside port`)
    : fail(`${said}, one has ${Math.max(...ports)} outside ports where it had one without the other`);
}

function judgeParity({ seen, found }: Subject): Judgement {
  const { ports } = found.axes;
  if (ports.kind === "undetermined") return open(ports.why);
  if (ports.value.kind === "preserve") return pass("ports are preserved");
  const stray = seen.bindings.ran ? strayParity(seen.bindings.made) : undefined;
  if (stray) return fail("a port changed its parity");
  return ports.value.parity ? pass("every port kept its parity") : open("too few ports were seen");
}

function strayParity(made: readonly Binding[]): Binding | undefined {
  return made.filter(isSeen).find(({ local, outside }) => (local.port - outside.port) % 2 !== 0);
}
