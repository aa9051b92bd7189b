import type { NatModel, PartialModel, PortRange } from "./model.ts";

/** A NAT by name: the axes it fixes (`completeModel` fills the rest, a scenario's lists may vary what is open), and who behaves so. */
export interface NamedNat {
  readonly axes: PartialModel & Pick<NatModel, "ports">;
  /** One sentence on what equipment behaves so. */
  readonly describe: string;
  /** Where that is written: a paper, an RFC's section, a kernel function. */
  readonly source: string;
}

/**
 * Everything above the well-known ports: what Linux itself draws from for an unprivileged source port. It takes a 16 bit number modulo
 * 64,512 (nf_nat_core.c), so that 1024-2047 come twice as often as the rest.
 */
export const ALL_PORTS: PortRange = { from: 1024, to: 65535 };
/** Clear of the hosts' own ports, so that nothing collides by accident; its size is a power of two, so that random choice in it is uniform. */
const UPPER: PortRange = { from: 32768, to: 65535 };
const SEQUENCE: PortRange = { from: 40000, to: 40511 };

export const NATS = {
  preserve: {
    axes: { ports: { kind: "preserve" } },
    describe: "The paper's predictable NAT: the outside port is the inside port, whoever the peer is.",
    source: "NATBLASTER section 3.1; nf_nat_core.c get_unique_tuple()",
  },
  sequential: {
    axes: { ports: { kind: "sequential", step: 1, range: SEQUENCE } },
    describe: "The paper's other predictable NAT: every new connection gets the next outside port.",
    source: "NATBLASTER section 3.1 and Fig. 3",
  },
  random: {
    axes: { ports: { kind: "random", range: ALL_PORTS } },
    describe: "The paper's random NAT: every new connection gets any outside port; Linux's MASQUERADE --random-fully.",
    source: "NATBLASTER section 3.4; nf_nat_core.c NF_NAT_RANGE_PROTO_RANDOM_FULLY",
  },
  "linux-masquerade": {
    axes: { ports: { kind: "preserve" }, unsolicitedSyn: "reset", timeExceeded: "translate" },
    describe: "A Linux box with MASQUERADE and no filter: its own stack answers unsolicited SYNs with RST.",
    source: "iptables-extensions(8) MASQUERADE; nf_conntrack_proto_tcp.c",
  },
  "linux-closed-input": {
    axes: { ports: { kind: "preserve" }, unsolicitedSyn: "drop", timeExceeded: "translate" },
    describe: "A Linux router whose INPUT chain drops what it did not ask for, as most firewalls on routers do.",
    source: "iptables-extensions(8) MASQUERADE; iptables(8) -P INPUT DROP",
  },
  openwrt: {
    axes: {
      ports: { kind: "preserve" },
      unsolicitedSyn: "reset",
      timeExceeded: "translate",
      outOfState: "drop",
      timeouts: { establishedS: 7440 },
    },
    describe:
      "A home gateway like OpenWrt's: zone wan rejects (TCP with RST), invalid packets do not leave, established connections last 7,440 s; only configured port forwards are reflected inside, mappings are not.",
    source:
      'OpenWrt firewall4 defaults (wan: input REJECT, masq with "Prevent NAT leakage") and its sysctl nf_conntrack_tcp_timeout_established=7440',
  },
  rfc5382: {
    axes: {
      mapping: "endpoint-independent",
      filtering: "endpoint-independent",
      ports: { kind: "preserve" },
      unsolicitedSyn: { kind: "delayed-icmp", afterMs: 6000 },
      timeExceeded: "translate",
      reset: "deliver-and-keep",
      outOfState: "translate",
      hairpin: true,
      timeouts: { synSentS: 240, establishedS: 7440, closingS: 240 },
    },
    describe:
      "What the RFC asks of a NAT: independent mapping and filtering, hairpin, patience with unsolicited SYNs, long timeouts.",
    source: "RFC 5382 REQ-1 to REQ-10; RFC 7857 section 2 (a RST does not end a mapping at once)",
  },
  "full-cone": {
    axes: {
      mapping: "endpoint-independent",
      filtering: "endpoint-independent",
      ports: { kind: "random", range: UPPER },
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
    },
    describe: "One outside port per inside port, open to anybody; some home gateways and gaming modes.",
    source: "RFC 3489 section 5; RFC 4787 sections 4.1 and 5",
  },
  "address-restricted": {
    axes: {
      mapping: "endpoint-independent",
      filtering: "address-dependent",
      ports: { kind: "random", range: UPPER },
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
    },
    describe: "One outside port per inside port, open to every address that was sent to.",
    source: "RFC 3489 section 5; RFC 4787 sections 4.1 and 5",
  },
  "port-restricted": {
    axes: {
      mapping: "endpoint-independent",
      filtering: "address-and-port-dependent",
      ports: { kind: "random", range: UPPER },
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
    },
    describe: "One outside port per inside port, open only to endpoints that were sent to; most home gateways.",
    source: "RFC 3489 section 5; RFC 4787 sections 4.1 and 5",
  },
  "symmetric-sequential": {
    axes: {
      ports: { kind: "sequential", step: 1, range: SEQUENCE },
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
    },
    describe: "A new outside port per connection, one above the last: the commonest symmetric NAT of its time.",
    source: "Guha and Francis, IMC 2005, section 4; NATBLASTER section 3.1",
  },
  "symmetric-sequential-2": {
    axes: {
      ports: { kind: "sequential", step: 2, range: { from: 40000, to: 40510 } },
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
    },
    describe:
      "A new outside port per connection, two above the last: the other step that port prediction met in the field.",
    source: "draft-takeda-symmetric-nat-traversal-00 (2003)",
  },
  "symmetric-random": {
    axes: { ports: { kind: "random", range: UPPER }, unsolicitedSyn: "drop", timeExceeded: "translate" },
    describe:
      "A new random outside port per connection: firewalls in enterprises, pf with its default random source ports.",
    source: "RFC 6056 section 3; pf.conf(5) static-port",
  },
  "carrier-grade": {
    axes: {
      mapping: "endpoint-independent",
      filtering: "endpoint-independent",
      ports: { kind: "random", range: UPPER },
      blockSize: 512,
      unsolicitedSyn: "drop",
      timeExceeded: "translate",
      hairpin: true,
      timeouts: { synSentS: 240, establishedS: 7440, closingS: 240 },
    },
    describe:
      "A carrier's NAT: a block of 512 outside ports per subscriber, independent mapping and filtering, hairpin between subscribers.",
    source: "RFC 6888 REQ-1, REQ-4 and REQ-7; RFC 7422 section 2 (a block of ports per subscriber)",
  },
  hostile: {
    axes: {
      ports: { kind: "random", range: ALL_PORTS },
      unsolicitedSyn: "reset",
      timeExceeded: "teardown",
      reset: "hide-and-remove",
      outOfState: "drop",
      crossingSyn: "refuse",
    },
    describe:
      "Everything that ends traversal at once: RST to unsolicited SYNs, mappings torn down by ICMP and RST, no simultaneous open.",
    source: "NATBLASTER's assumptions 2 and 3 broken; Guha and Francis, IMC 2005, section 4",
  },
  "source-route-aware": {
    axes: { ports: { kind: "preserve" }, unsolicitedSyn: "drop", timeExceeded: "drop", sourceRoute: "aware" },
    describe:
      "A NAT that reads loose source routes and keys its mapping to the final destination, as cases 1, 3 and 5 of the paper need.",
    source: "NATBLASTER cases 1, 3, 5; RFC 791 section 3.1",
  },
  stateless: {
    axes: {
      mapping: "endpoint-independent",
      filtering: "endpoint-independent",
      ports: { kind: "preserve" },
      timeExceeded: "drop",
      reset: "deliver-and-keep",
      outOfState: "translate",
      windowTracking: "liberal",
      sourceRoute: "stateless",
      unsolicitedSyn: "drop",
      timeouts: { synSentS: "never", establishedS: "never", closingS: "never" },
    },
    describe:
      "Rewrites addresses without keeping connections: static NAT, and small devices that only remember which host had a port.",
    source: "RFC 2663 section 4; nft-based stateless translation (raw notrack)",
  },
} as const satisfies Record<string, NamedNat>;
export type NatName = keyof typeof NATS;
