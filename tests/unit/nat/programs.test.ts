import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NATS } from "../../../orchestrator/nat/catalogue.ts";
import { concludeExamination } from "../../../orchestrator/nat/examination.ts";
import { decodeFingerprint } from "../../../orchestrator/nat/fingerprint.ts";
import { completeModel, type NatModel } from "../../../orchestrator/nat/model.ts";
import { renderRuleset } from "../../../orchestrator/nat/ruleset.ts";
import type { Fingerprint } from "../../../wire/fingerprint.ts";
import { PLACE } from "./models.ts";
import { missingForKernelTests, Namespace } from "./namespace.ts";

const missing = missingForKernelTests();
if (missing) console.warn(`skipped: prober and X as plain programs (${missing})`);

const [X, X_SECOND] = ["198.51.100.2", "198.51.100.3"];
const program = (name: string) => new URL(name, import.meta.url).pathname;
const PROBE = program("../../../agents/natbed-probe.ts");

describe.skipIf(missing)("natbed-probe and natbed-x as programs on machines of their own", () => {
  let [inside, box, outside]: Namespace[] = [];
  let x: ChildProcess;

  beforeAll(async () => {
    [inside, box, outside] = [await Namespace.open(), await Namespace.open(), await Namespace.open()];
    box.sh(`ip link add in type veth peer name lan netns ${inside.pid}
      ip link add out type veth peer name wan netns ${outside.pid}
      ip addr add 10.1.0.1/24 dev in; ip addr add ${PLACE.outsideAddress}/24 dev out; ip link set in up; ip link set out up
      echo 1 > /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
      for name in all default in; do echo 0 > /proc/sys/net/ipv4/conf/$name/send_redirects; done`);
    inside.sh(`ip link set lo up; ip link set lan up
      ip addr add 10.1.0.2/24 dev lan; ip addr add 10.1.0.3/24 dev lan; ip route add default via 10.1.0.1`);
    outside.sh(
      `ip link set lo up; ip link set wan up; ip addr add ${X}/24 dev wan; ip addr add ${X_SECOND}/24 dev wan`,
    );
    x = outside.script(program("../../../agents/natbed-x.ts"));
    const [said] = (await once(x.stdout!, "data")) as [Buffer];
    expect(said.toString()).toMatch(/^natbed-x: serves at TCP ports 7000, 7001, 7002, 7004, 7005\n$/);
  });
  afterAll(async () => {
    x?.kill("SIGKILL");
    for (const space of [inside, box, outside]) await space?.[Symbol.asyncDispose]();
  });

  function become(model: NatModel): void {
    const { iptables, nft, sysctls } = renderRuleset({ kind: "nat", name: "test", model }, PLACE);
    box!.sh("iptables-nft-restore", iptables);
    box!.sh("nft -f -", nft);
    box!.sh(
      Object.entries(sysctls)
        .map(([name, value]) => `echo ${value} > /proc/sys/${name.replaceAll(".", "/")}`)
        .join("\n"),
    );
    box!.sh("conntrack -F 2>/dev/null || :");
  }

  async function probe(script: string, mode: string): Promise<Fingerprint> {
    const prober = inside!.script(script, ["--x", X!, "--mode", mode, "--json"]);
    const read = decodeFingerprint(await text(prober.stdout!));
    if (!read.ok) throw new Error(read.error);
    return read.value;
  }

  const NAT: NatModel = completeModel({
    ...NATS["address-restricted"].axes,
    hairpin: true,
    timeouts: { synSentS: 2, establishedS: 4, closingS: 3 },
  });
  const conclude = (seen: Fingerprint) =>
    concludeExamination({ name: "test", model: NAT, timers: { kind: "full" } }, seen);

  it("measure a NAT between them as it is", async () => {
    become(NAT);
    const { mismatches, found } = conclude(await probe(PROBE, "quick"));
    expect(mismatches).toEqual([]);
    expect(found.axes.filtering).toMatchObject({ kind: "determined", value: "address-dependent" });
  });

  it("measure timers in mode full, whose hours were shortened for this", async () => {
    become(NAT);
    const { seen, found, mismatches, conformance } = conclude(await probe(program("short-full.ts"), "full"));
    expect(seen.mode).toBe("full");
    expect(mismatches).toEqual([]);
    expect(found.timeouts).toMatchObject({
      synSentS: { value: { atLeastS: 1.5, lessThanS: 2.5 } },
      establishedS: { value: { lessThanS: 5.5 } },
      closingS: { value: { atLeastS: 2.5, lessThanS: 3.5 } },
    });
    expect(conformance.find(({ rfc, id }) => rfc === 5382 && id === "REQ-5")).toMatchObject({
      verdict: "fail",
      because: "SYN unanswered: alive after 1.5 s, gone after 2.5 s",
    });
  }, 60_000);

  it("leave no rule behind on X's machine", async () => {
    expect(outside!.sh("nft list tables")).toContain("table ip natbed_silent");
    const ended = once(x, "exit");
    x.kill("SIGTERM");
    await ended;
    expect(outside!.sh("nft list tables")).toBe("");
  });
});
