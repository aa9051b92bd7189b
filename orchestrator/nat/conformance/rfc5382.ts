import { formatEndpoint, sameEndpoint } from "../../../wire/address.ts";
import type { SynFate } from "../../../wire/fingerprint.ts";
import { describeFate } from "../classify/admission.ts";
import { isSeen } from "../classify/mapping.ts";
import { survival } from "../classify/survival.ts";
import type { Finding } from "../measured.ts";
import type { Dependency } from "../model.ts";
import {
  all,
  fail,
  judgeFinding,
  judgeTest,
  judgeTimer,
  open,
  pass,
  type Judgement,
  type Requirement,
  type Subject,
} from "./requirement.ts";

const PATIENCE_MS = 6_000;
/** Clocks of both ends, and the way. */
const EARLY_MS = 100;
const ESTABLISHED_S = 2 * 3600 + 4 * 60;
const TRANSITORY_S = 4 * 60;

/** RFC 5382, NAT Behavioral Requirements for TCP (BCP 142). */
export const RFC5382: readonly Requirement[] = [
  {
    rfc: 5382,
    id: "REQ-1",
    level: "MUST",
    text: "mapping is endpoint-independent",
    judge: ({ found: { axes } }) => judgeMapping(axes.mapping),
  },
  {
    rfc: 5382,
    id: "REQ-2",
    level: "MUST",
    text: "all valid sequences of TCP packets pass, simultaneous open among them",
    judge: ({ found }) => judgeFinding(found.axes.crossingSyn, (value) => value === "accept"),
  },
  {
    rfc: 5382,
    id: "REQ-3",
    level: "SHOULD",
    text: "filtering is endpoint-independent, or address-dependent where strictness matters more",
    judge: ({ found }) => judgeFinding(found.axes.filtering, (value) => value !== "address-and-port-dependent"),
  },
  {
    rfc: 5382,
    id: "REQ-4",
    level: "MUST",
    text: "an unsolicited SYN is not answered for 6 s, nor at all once an outbound SYN of the connection was translated",
    judge: judgeUnsolicited,
  },
  {
    rfc: 5382,
    id: "REQ-5",
    level: "MUST",
    text: "idle connections are kept for 2 h 4 min when established, 4 min when opening or closing",
    judge: (subject) =>
      all([
        judgeTimer(subject, "synSentS", TRANSITORY_S),
        judgeTimer(subject, "closingS", TRANSITORY_S),
        judgeTimer(subject, "establishedS", ESTABLISHED_S),
      ]),
  },
  {
    rfc: 5382,
    id: "REQ-6",
    level: "SHOULD",
    text: "application gateways that touch TCP are off by default",
    judge: () => open("the battery speaks no application protocol"),
  },
  {
    rfc: 5382,
    id: "REQ-7",
    level: "MUST",
    text: "no port overloading: an outside port belongs to one inside endpoint (RFC 7857 section 3 allows it towards other destinations)",
    judge: ({ seen }) => judgeTest(seen.overloading, ({ made }) => judgeOverloading(made.filter(isSeen))),
  },
  {
    rfc: 5382,
    id: "REQ-8",
    level: "MUST",
    text: "hairpinning, with the outside address and port as source",
    judge: ({ seen, found }) => all([judgeFinding(found.axes.hairpin, Boolean), judgeHairpinSource(seen)]),
  },
  {
    rfc: 5382,
    id: "REQ-9",
    level: "SHOULD",
    text: "ICMP destination unreachable is translated",
    judge: ({ seen }) =>
      judgeTest(seen.afterSyn, ({ probes }) => {
        const sent = probes.filter(({ stimulus }) => stimulus === "unreachable");
        if (sent.length === 0) return open("no ICMP unreachable was sent");
        const arrived = sent.some(({ stimulusArrived }) => stimulusArrived);
        return arrived
          ? pass("ICMP unreachable arrived at the host")
          : fail("ICMP unreachable did not arrive at the host");
      }),
  },
  {
    rfc: 5382,
    id: "REQ-10",
    level: "MUST",
    text: "no ICMP message ends a mapping or connection",
    judge: ({ seen }) =>
      judgeTest(seen.afterSyn, ({ probes }) =>
        all([
          judgeFinding(survival(probes, "time-exceeded"), ({ alive }) => alive),
          judgeFinding(survival(probes, "unreachable"), ({ alive }) => alive),
        ]),
      ),
  },
];

/** By the kind alone: how many pairs of connections agreed stands at the axis, and differs from run to run. */
function judgeMapping(mapping: Finding<Dependency>): Judgement {
  if (mapping.kind === "undetermined") return open(mapping.why);
  const what = `mapping is ${mapping.value}`;
  return mapping.value === "endpoint-independent" ? pass(what) : fail(what);
}

function judgeUnsolicited({ seen }: Subject): Judgement {
  return all([
    judgeTest(seen.unsolicited, ({ fate }) => judgePatience(fate)),
    judgeTest(seen.unsolicitedThenSyn, ({ fate }) => {
      const what = `with an outbound SYN: ${describeFate(fate)}`;
      if (fate.kind === "reset" || fate.kind === "icmp") return fail(what);
      return fate.kind === "accepted" || fate.waitedMs > PATIENCE_MS ? pass(what) : open(what);
    }),
  ]);
}

/** Silence for good is allowed where the NAT's policy forbids an answer (REQ-4 a). */
function judgePatience(fate: SynFate): Judgement {
  const what = describeFate(fate);
  switch (fate.kind) {
    case "accepted":
      return open("something accepted the SYN");
    case "silence":
      return fate.waitedMs >= PATIENCE_MS ? pass(what) : open(`${what}, longer was not waited`);
    case "reset":
      return fail(what);
    case "icmp":
      return fate.afterMs >= PATIENCE_MS - EARLY_MS ? pass(what) : fail(what);
  }
}

type Seen = Parameters<typeof isSeen>[0] & { readonly outside: { ip: string; port: number } };

function judgeOverloading(made: readonly Seen[]): Judgement {
  const shared = made.flatMap((one) =>
    made.filter(
      (other) =>
        !sameEndpoint(one.local, other.local) &&
        one.outside.ip === other.outside.ip &&
        one.outside.port === other.outside.port,
    ),
  );
  const hosts = new Set(made.map(({ local }) => local.ip));
  if (hosts.size < 2) return open("connections from two inside addresses did not come about");
  if (shared.length === 0)
    return pass(`${hosts.size} inside addresses with one local port got outside ports of their own`);
  return fail("two inside addresses with one local port share an outside port");
}

function judgeHairpinSource({ hairpin, bindings }: Subject["seen"]): Judgement {
  return judgeTest(hairpin, ({ arrived, from }) => {
    if (!arrived || !from) return open("where a hairpinned SYN comes from is not known");
    const outside = new Set(bindings.ran ? bindings.made.filter(isSeen).map((binding) => binding.outside.ip) : []);
    return outside.has(from.ip)
      ? pass("its source is an outside endpoint")
      : fail(`it arrives from ${formatEndpoint(from)}`);
  });
}
