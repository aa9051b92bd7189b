import { expect, it } from "vitest";
import type { RunReport } from "../../orchestrator/report/events.ts";
import { decodeIpv4, PROTOCOL, type Ipv4Packet } from "../../wire/ipv4.ts";
import { X_PORTS } from "../../wire/rendezvous.ts";
import { decodeTcp, TCP_FLAG, type TcpSegment } from "../../wire/tcp.ts";
import { natbed } from "../kit/command.ts";
import { describeSelection, verdictOf } from "../kit/selection.ts";
import { readTrial } from "../kit/trial.ts";

const SCENARIO = "scenarios/source-routing.yaml";
const X = "203.0.113.2";
const SYN_ACK = TCP_FLAG.syn | TCP_FLAG.ack;

const LITERAL = "natblaster-1.aware~aware.drop.te-drop.core-lsrr-forward";
const READ = "natblaster-3.aware-random~aware-sequential.drop.te-drop.core-lsrr-forward";
const TWICE = "natblaster-5.aware-random~aware-random-per-address.drop.te-drop.core-lsrr-forward";
const ASSISTED = "natblaster-1-assisted.stock~stock.drop.te-drop.core-lsrr-forward";

/** A cell or two of every block. */
const CELLS: Readonly<Record<string, string>> = {
  [LITERAL]: "direct",
  "natblaster-1.stateless~aware.drop.te-drop.core-lsrr-forward": "direct",
  "natblaster-1.stock~aware.drop.te-drop.core-lsrr-forward": "blocked: source-route-mistaken",
  "natblaster-1.aware~preserve.drop.te-drop.core-lsrr-forward": "blocked: source-route-refused",
  "natblaster-1.aware~stateless.drop.te-drop": "blocked: source-route-refused",
  "natblaster-1.aware~aware.reset.te-translate.core-lsrr-forward": "direct",
  [ASSISTED]: "direct",
  "natblaster-1-assisted.stock~stock.drop.te-translate.core-lsrr-forward": "blocked: icmp-killed-connect",
  [READ]: "direct",
  "natblaster-3-assisted.aware-random~stock.reset.te-drop.core-lsrr-forward": "direct",
  "natblaster-3-assisted.stock~stock.drop.te-drop.core-lsrr-forward": "blocked: source-route-mistaken",
  [TWICE]: "direct",
  "natblaster-5.aware-random~aware-random.drop.te-drop.core-lsrr-forward": "blocked: mapping-mispredicted",
  "natblaster-5.aware-random~aware-random-per-address.reset.te-translate.core-lsrr-forward": "direct",
  "natblaster-5.stateless~stock-random.drop.te-drop.core-lsrr-forward": "blocked: source-route-mistaken",
  "natblaster-5-aims-8.aware-random~aware-random.drop.te-drop.core-lsrr-forward": "blocked: mapping-mispredicted",
  "natblaster-5-aims-1.aware-random~aware-random-per-address.drop.te-drop.core-lsrr-forward":
    "blocked: mapping-mispredicted",
  "natblaster-5-prediction-+7.aware~aware-sequential.drop.te-drop.core-lsrr-forward": "direct",
  "natblaster-5-far-away.aware-random~aware-random-per-address.drop.te-drop.core-lsrr-forward+100ms+hops-2": "direct",
  "natblaster-5-behind-carriers.aware-random-per-address~aware-random-per-address.drop.te-drop.core-lsrr-forward.behind-none~aware-random":
    "direct",
  "natblaster-3-random-per-address.aware-random~aware-random-per-address.drop.te-drop.core-lsrr-forward":
    "blocked: mapping-mispredicted",
  "natblaster-1-random.aware-random~aware.drop.te-drop.core-lsrr-forward": "blocked: mapping-mispredicted",
  "natblaster-1-prediction-+7.aware~aware.drop.te-drop.core-lsrr-forward": "blocked: mapping-mispredicted",
  "natblaster-1-far-away.aware~aware.drop.te-drop.core-lsrr-forward+100ms+hops-2": "direct",
  "natblaster-1-assisted-far-away.stock~stock.drop.te-drop.core-lsrr-forward+100ms+hops-2": "direct",
  "natblaster-1-behind-carriers.aware~aware.drop.te-drop.core-lsrr-forward.behind-stock~none":
    "blocked: source-route-mistaken",
  "natblaster-1-behind-carriers.aware~aware.drop.te-drop.core-lsrr-forward.behind-aware~none": "direct",
};
describeSelection({
  of: "the matrix of source-routed SYNs",
  scenario: SCENARIO,
  seed: 791,
  cells: CELLS,
  says: verdictOf,
  facts: factsOf,
});

function factsOf(report: () => RunReport): void {
  it("has a cell of every block", async () => {
    const { stdout } = await natbed(["matrix", SCENARIO, "--list", "--json"]);
    const blocks = (JSON.parse(stdout) as { block: string }[]).map(({ block }) => block);
    expect(new Set(report().cells.map(({ cell }) => cell.block))).toEqual(new Set(blocks));
  });

  it.each([LITERAL, READ, ASSISTED])("a host of %s routes its SYN and one ACK over X, and nothing after that", (id) => {
    for (const place of ["a:lan", "b:lan"]) {
      const sent = seen(report(), id, place).filter(({ direction }) => direction === "outbound");
      const routed = sent.filter(({ packet }) => isRouted(packet));
      expect(routed.map(({ segment }) => segment.flags)).toEqual([TCP_FLAG.syn, TCP_FLAG.ack]);
      const ack = sent.indexOf(routed[1]!);
      const data = sent.filter(({ segment }) => segment.payload.length > 0 && segment.srcPort === ackPort(routed));
      expect(data.length).toBeGreaterThan(0);
      expect(data.every((one) => sent.indexOf(one) > ack)).toBe(true);
    }
  });

  it.each([LITERAL, READ, ASSISTED])(
    "X of %s passes on nothing that came by way of it, and forges two answers",
    (id) => {
      const sent = seen(report(), id, "x:wan").filter(({ direction }) => direction === "outbound");
      expect(sent.filter(({ packet }) => isRouted(packet))).toEqual([]);
      expect(sent.filter(({ packet }) => packet.src !== X).map(({ segment }) => segment.flags)).toEqual([
        SYN_ACK,
        SYN_ACK,
      ]);
      const own = sent.filter(({ packet }) => packet.src === X);
      expect(own.every(({ segment }) => SERVED.includes(segment.srcPort) || segment.flags & TCP_FLAG.rst)).toBe(true);
    },
  );

  it("case 5 takes four SYNs, and the last two went where the other's came from", () => {
    const arriving = seen(report(), TWICE, "x:wan").filter(
      ({ direction, packet, segment }) => direction === "inbound" && isRouted(packet) && segment.flags === TCP_FLAG.syn,
    );
    const aims = arriving.map(({ packet, segment }) => [packet.src, segment.srcPort, segment.dstPort] as const);
    expect(aims.map(([src]) => src)).toEqual(["192.0.2.2", "198.51.100.2", "192.0.2.2", "198.51.100.2"]);
    const [first, second, third, fourth] = aims;
    expect(second![2]).toBe(first![1]);
    expect([third![2], fourth![2]]).toEqual([second![1], third![1]]);
    expect(third![1]).not.toBe(first![1]); // random per connection
    expect(fourth![1]).toBe(second![1]); // random per address
  });

  it("a copy has the SYN's numbers and options, goes straight, and dies at the core", () => {
    const syns = seen(report(), ASSISTED, "a:lan").filter(
      ({ segment }) => segment.flags === TCP_FLAG.syn && !SERVED.includes(segment.dstPort),
    );
    const [syn, copy] = syns.filter(({ segment }) => syns.filter((one) => one.segment.seq === segment.seq).length > 1);
    expect([syn!, copy!].map(({ packet }) => isRouted(packet))).toEqual([true, false]);
    const { checksum: _, payload: __, ...fields } = syn!.segment;
    expect(copy!.segment).toMatchObject(fields);
    const arrived = (place: string) =>
      seen(report(), ASSISTED, place).filter(
        ({ packet, segment }) => !isRouted(packet) && segment.seq === syn!.segment.seq,
      );
    expect(arrived("na:out")).toHaveLength(1);
    expect(arrived("nb:out").filter(({ segment }) => segment.flags === TCP_FLAG.syn)).toEqual([]);
  });
}

interface Seen {
  readonly direction: string | undefined;
  readonly packet: Ipv4Packet;
  readonly segment: TcpSegment;
}

const SERVED: readonly number[] = [X_PORTS.rendezvous, ...X_PORTS.probes];

const isRouted = ({ options }: Ipv4Packet): boolean => options.some(({ kind }) => kind === "lsrr");

/** The local port of the punched connection. */
const ackPort = ([first]: readonly Seen[]): number | undefined => first?.segment.srcPort;

/** TCP segments of a trial at one interface. */
function seen(report: RunReport, id: string, place: string): Seen[] {
  const result = report.cells.find(({ cell }) => cell.id === id);
  if (!result) throw new Error(`no result of ${id}`);
  const { interfaces, packets } = readTrial(report.dir, result).capture.capture;
  return packets.flatMap(({ iface, direction, bytes }) => {
    const packet = decodeIpv4(bytes);
    if (interfaces[iface]?.name !== place || !packet.ok || packet.value.protocol !== PROTOCOL.tcp) return [];
    const segment = decodeTcp(packet.value.payload);
    return segment.ok ? [{ direction, packet: packet.value, segment: segment.value }] : [];
  });
}
