import { describe, expect, it } from "vitest";
import type { AgentLog } from "../../../orchestrator/evidence/types.ts";
import { namesOf } from "../../../orchestrator/report/ladder/names.ts";
import { rungsOf, stepOf } from "../../../orchestrator/report/ladder/steps.ts";
import { changeOf } from "../../../orchestrator/timeline/change.ts";
import { timelineOf } from "../../../orchestrator/timeline/timeline.ts";
import { recorded } from "../verdict/recorded/index.ts";

type Said = Pick<AgentLog, "node" | "what" | "detail">;
const said = (one: Said, atUs = 0): AgentLog => ({ event: "log", atUs, ...one });

const CUT: Said = { node: "r", what: "x-link", detail: { state: "cut" } };
const UP: Said = { node: "r", what: "x-link", detail: { state: "up", dropped: 3 } };
const LOAD: Said = {
  node: "na",
  what: "rules",
  detail: {
    iptables: ["nat", "filter"],
    nft: ["ip natbed"],
    settings: [{ name: "net.netfilter.nf_conntrack_tcp_be_liberal", was: "0", now: "1" }],
  },
};
const NOTHING_NEW: Said = { node: "cb", what: "rules", detail: { iptables: [], nft: [], settings: [] } };

describe("a change of a gateway or of X's link", () => {
  it.each([
    [CUT, "R cuts X's link"],
    [UP, "R restores X's link; packets dropped meanwhile: 3"],
    [LOAD, "NA loads iptables nat, filter; nft table ip natbed; net.netfilter.nf_conntrack_tcp_be_liberal 0→1"],
    [NOTHING_NEW, "CB loads the rules that it has"],
  ])("is a word in the ladder: %o", (one, text) => {
    const timeline = timelineOf({ captures: {}, events: { na: [], nb: [] }, logs: [said(one, 7)] }, []);
    expect(timeline.rows).toMatchObject([{ kind: "change", atUs: 7, node: one.node }]);
    expect(rungsOf(timeline).map((rung) => stepOf(rung, namesOf([]), undefined))).toEqual([
      { kind: "word", atUs: 7, node: one.node, text, decisive: false },
    ]);
  });

  it.each([
    ["a host's word", { ...CUT, node: "a" }],
    ["another state", { ...CUT, detail: { state: "\u001B[2J" } }],
    ["no detail", { node: "na", what: "rules" }],
    ["null", { node: "na", what: "rules", detail: null }],
    ["other types", { node: "na", what: "rules", detail: { iptables: "nat", nft: [], settings: [] } }],
  ] satisfies [string, Said][])("is not what a log line with %s tells of", (_, one) => {
    expect(changeOf(said(one))).toBeUndefined();
  });

  it("parts packets of a kind that went before it from those after it", async () => {
    const { evidence } = await recorded("direct-carriers");
    const folds = (logs: readonly AgentLog[]) =>
      rungsOf(timelineOf({ ...evidence, logs }, [])).flatMap((rung) =>
        rung.kind === "fold" && rung.rows[0].kind === "packet" ? [rung.rows.map(({ atUs }) => atUs)] : [],
      );
    const [longest] = folds(evidence.logs).toSorted((one, other) => other.length - one.length);
    const atUs = longest![Math.floor(longest!.length / 2)]! - 1;
    const across = (logs: readonly AgentLog[]) => folds(logs).filter((fold) => fold[0]! < atUs && fold.at(-1)! > atUs);
    expect(across(evidence.logs)).toContainEqual(longest);
    expect(across([...evidence.logs, said(CUT, atUs)])).toEqual([]);
  });
});
