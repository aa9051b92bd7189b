import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { CellResult, RunReport } from "../../orchestrator/report/events.ts";
import type { Cause, Proof } from "../../orchestrator/verdict/outcome.ts";
import { natbed, openFolder, reportOf, type Ended, type Folder } from "../kit/command.ts";
import { readTrial, type RecordedTrial } from "../kit/trial.ts";
import { noTshark, tshark } from "../kit/tshark.ts";

const noEngine = inject("noEngine");
const SEED = 20_050_815;

interface Claim {
  readonly verdict: CellResult["verdict"];
  readonly cause?: Cause;
  readonly handshake?: Proof["handshake"];
}
const direct = (handshake: Proof["handshake"]): Claim => ({ verdict: "direct", handshake });
const blocked = (cause: Cause): Claim => ({ verdict: "blocked", cause });

/** At least one cell of every block of the paper's matrix. */
const CELLS: Readonly<Record<string, Claim>> = {
  "simultaneous-open.preserve~sequential.drop.te-translate": direct("crossed"),
  "simultaneous-open.preserve~preserve.reset.te-drop": blocked("reset-by-nat"),
  // B's SYN comes 40 ms after A's and passes NA, so the two meet before X's answers are needed
  "natblaster-2-normal.sequential~preserve.drop.te-translate": direct("crossed"),
  "natblaster-2-low-ttl.sequential~sequential.reset.te-drop": direct("forged"),
  "natblaster-2-low-ttl.preserve~preserve.drop.te-translate": blocked("icmp-killed-connect"),
  "natblaster-2-low-ttl.random~preserve.drop.te-drop": blocked("mapping-mispredicted"),
  "natblaster-4.random~preserve.drop.te-drop": direct("forged"),
  "connect.preserve~preserve.drop.te-translate": blocked("filtered"),
  "connect.preserve~preserve.reset.te-translate": blocked("reset-by-nat"),
  "public.none~none": direct("plain"),
  "relay.preserve~sequential.drop.te-translate": { verdict: "relayed" },
  "natblaster-2-low-ttl-prediction-+7.preserve~sequential.drop.te-drop": blocked("mapping-mispredicted"),
  "simultaneous-open-prediction-+7.preserve~preserve.drop.te-drop": blocked("mapping-mispredicted"),
  "natblaster-2-low-ttl-neighbour-every-10-ms.sequential~preserve.drop.te-drop": blocked("mapping-mispredicted"),
  "simultaneous-open-neighbour-every-10-ms.preserve~preserve.drop.te-drop": direct("crossed"),
};
const IDS = Object.keys(CELLS);
const ids = (verdict: CellResult["verdict"]): string[] => IDS.filter((id) => CELLS[id]?.verdict === verdict);

describe.skipIf(noEngine)(`a selection of the paper's matrix, seed ${SEED}`, () => {
  let folder: Folder;
  let ended: Ended;
  let report: RunReport;

  beforeAll(async () => {
    folder = openFolder();
    const chosen = IDS.flatMap((id) => ["-t", id]);
    ended = await natbed(["matrix", ...chosen, "--json", "-j", "2", "--seed", String(SEED), "--output", folder.path]);
    report = reportOf(ended);
  });
  afterAll(() => folder?.[Symbol.dispose]());

  const resultOf = (id: string): CellResult => {
    const result = report.cells.find(({ cell }) => cell.id === id);
    if (!result) throw new Error(`no result of ${id}`);
    return result;
  };
  /** The first trial that came out as its cell did. */
  const trialOf = (id: string): RecordedTrial => {
    const result = resultOf(id);
    const n = result.trials.findIndex(({ outcome }) => outcome.verdict === result.verdict) + 1;
    return readTrial(report.dir, result, n);
  };

  it("has a cell of every block", async () => {
    const { stdout } = await natbed(["matrix", "--list", "--json"]);
    const blocks = (JSON.parse(stdout) as { block: string }[]).map(({ block }) => block);
    expect(new Set(report.cells.map(({ cell }) => cell.block))).toEqual(new Set(blocks));
  });

  it("comes out as the scenario expects, with exit code 0", () => {
    const { total, asExpected, surprises, errors, notRun } = report.counts;
    const complaints = report.cells.filter(({ surprise, state }) => surprise || state === "error");
    expect(complaints.map(({ cell, why }) => `${cell.id}: ${why}`)).toEqual([]);
    expect({ total, asExpected, surprises, errors, notRun }).toEqual({
      total: IDS.length,
      asExpected: IDS.length,
      surprises: 0,
      errors: 0,
      notRun: 0,
    });
    expect(ended.code).toBe(0);
  });

  it.each(IDS)("judges %s as claimed", (id) => {
    const { verdict, cause, why } = resultOf(id);
    expect({ verdict, cause }, why).toEqual({ verdict: CELLS[id]?.verdict, cause: CELLS[id]?.cause });
    expect(why).not.toBe("");
  });

  it("tells what goes on on stderr, a line per cell, and nothing but the report on stdout", () => {
    const lines = ended.stderr.split("\n").filter((line) => /^\s*\d+\/\d+ ok /.test(line));
    expect(lines).toHaveLength(IDS.length);
    expect(ended.stderr).not.toContain("\x1b[");
  });

  it("writes report.json as it was printed, and report.md", () => {
    expect(JSON.parse(readFileSync(join(report.dir, "report.json"), "utf8"))).toEqual(report);
    const markdown = readFileSync(join(report.dir, "report.md"), "utf8");
    for (const { cell } of report.cells) expect(markdown).toContain(cell.block);
  });

  it.each(IDS)("leaves readable evidence of %s", (id) => {
    const { plan, calibration, rules, capture, outcome, conntrack, agents, dir } = trialOf(id);
    expect(outcome.verdict).toBe(CELLS[id]?.verdict);
    expect(plan.a.role + plan.b.role).toBe("ab");
    expect([calibration.na.mismatches, calibration.nb.mismatches]).toEqual([[], []]);
    const nats = id.startsWith("public") ? 0 : 1;
    for (const text of Object.values(rules)) {
      expect(text).toContain("*nat");
      expect(text.match(/-j MASQUERADE/g)?.length ?? 0).toBeGreaterThanOrEqual(nats);
    }
    expect(capture.end).toEqual({ kind: "complete" });
    expect(capture.capture.packets.length).toBeGreaterThan(20);
    expect(conntrack.length > 0).toBe(nats === 1);
    expect([...new Set(agents.map(({ node }) => node))]).toEqual(expect.arrayContaining(["a", "b"]));
    expect(existsSync(join(dir, "evidence.json"))).toBe(true);
  });

  it.each(ids("direct"))("has the whole proof for %s", (id) => {
    const { outcome, conntrack } = trialOf(id);
    if (outcome.verdict !== "direct") throw new Error(outcome.why);
    const { handshake, points, connectMs } = outcome.proof;
    expect(handshake).toBe(CELLS[id]?.handshake);
    expect(connectMs).toBeGreaterThan(0);
    const nats =
      handshake === "plain"
        ? ["NA is a plain router", "NB is a plain router", "one connection"]
        : ["assured in NA", "assured in NB", "the same connection in both NATs"];
    expect(points.map(({ claim }) => claim)).toEqual([
      "1 MiB both ways",
      ...nats,
      "payload on A's LAN from the peer's NAT",
      "payload on B's LAN from the peer's NAT",
      "no payload byte at X",
      "data after X's link was cut",
      "X was cut off meanwhile",
      "evidence is complete",
    ]);
    expect(points[0]?.evidence).toContain("1048576 bytes");
    if (handshake === "plain") return;
    const assured = conntrack.filter((event) => event.assured && event.original.dst.ip !== "203.0.113.2");
    expect(new Set(assured.map(({ node }) => node))).toEqual(new Set(["na", "nb"]));
  });

  it("finds by measurement that two hops are enough to pass the own NAT and too few for the other", () => {
    const { agents } = trialOf("natblaster-2-low-ttl.sequential~sequential.reset.te-drop");
    const measured = agents.filter(({ what }) => what === "ttl-measured");
    expect(Object.fromEntries(measured.map(({ node, detail }) => [node, detail]))).toEqual({
      a: { ttl: 2 },
      b: { ttl: 2 },
    });
  });

  it("counts a rate with its interval for the birthday technique", () => {
    const { rate, trials } = resultOf("natblaster-4.random~preserve.drop.te-drop");
    expect(trials).toHaveLength(5);
    expect(rate?.of).toBe(5);
    expect(rate!.low).toBeLessThan(rate!.direct / 5);
    expect(rate!.high).toBeGreaterThanOrEqual(rate!.direct / 5);
  });

  describe.skipIf(noTshark)("as tshark reads it", () => {
    it.each(IDS)("holds the same packets as our reader finds for %s", (id) => {
      const { capture, captureFile } = trialOf(id);
      const frames = tshark(captureFile, "frame", ["frame.interface_name", "frame.len"]);
      const ours = capture.capture.packets.map(({ iface, originalLength }) => [
        capture.capture.interfaces[iface]?.name,
        String(originalLength),
      ]);
      expect(frames).toEqual(ours);
    });

    it("shows a forged SYN+ACK that leaves X under NB's address and reaches A", () => {
      const { captureFile } = trialOf("natblaster-2-low-ttl.sequential~sequential.reset.te-drop");
      const forged = "tcp.flags.syn == 1 && tcp.flags.ack == 1 && ip.src == 198.51.100.2";
      const seen = tshark(captureFile, forged, ["frame.interface_name", "ip.dst"]);
      expect(seen).toContainEqual(["x:wan", "192.0.2.2"]);
      expect(seen).toContainEqual(["a:lan", "10.1.0.2"]);
      expect(seen.map(([name]) => name)).not.toContain("b:lan");
    });

    it("shows the low-TTL SYN die at R, and the SYN of a simultaneous open reach the peer", () => {
      const low = trialOf("natblaster-2-low-ttl.sequential~sequential.reset.te-drop");
      const syns = "!icmp && tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.dst == 198.51.100.2";
      const places = new Set(tshark(low.captureFile, syns, ["frame.interface_name"]).flat());
      expect(places).toEqual(new Set(["a:lan", "na:in", "na:out", "r:wan-a"]));
      expect(tshark(low.captureFile, `${syns} && frame.interface_name == "a:lan"`, ["ip.ttl"])).toEqual([["2"]]);
      const crossing = trialOf("simultaneous-open.preserve~sequential.drop.te-translate");
      const arrived = `!icmp && tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.src == 198.51.100.2`;
      expect(tshark(crossing.captureFile, arrived, ["frame.interface_name"]).flat()).toContain("a:lan");
    });
  });
});
