import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { NATS } from "../../orchestrator/nat/catalogue.ts";
import { compareModel } from "../../orchestrator/nat/compare.ts";
import { FAST_TIMERS, scaledModel, type DeclaredNat, type Examination } from "../../orchestrator/nat/examination.ts";
import { findingLines } from "../../orchestrator/nat/findings.ts";
import { completeModel, type NatModel, type PartialModel } from "../../orchestrator/nat/model.ts";
import { renderNatModels } from "../../orchestrator/report/nat-markdown.ts";
import { examineAtOnce } from "../../orchestrator/run/examine.ts";
import type { World } from "../../orchestrator/world/world.ts";
import { openTestWorld } from "../kit/world.ts";

const noEngine = inject("noEngine");
const UPPER = { kind: "random", range: { from: 32_768, to: 65_535 } } as const;
const DOCS = new URL("../../docs/nat-models.md", import.meta.url);
const CATALOGUE = Object.entries(NATS).map(([name, { axes }]): DeclaredNat => ({ name, model: completeModel(axes) }));
/** Two batteries, each looked at twice. */
const WITHIN_MS = 240_000;

describe.skipIf(noEngine)("the whole battery", () => {
  let world: World;
  const examinations: Examination[] = [];

  beforeAll(async () => {
    world = await openTestWorld("battery");
  });
  afterAll(() => world?.[Symbol.asyncDispose]());

  const measure = (nats: readonly DeclaredNat[]) =>
    examineAtOnce(
      world,
      nats.map((nat, index) => ({ nat, side: index === 0 ? ("a" as const) : ("b" as const) })),
      { timers: FAST_TIMERS, seed: 1 },
    );

  it.each(pairs(CATALOGUE))(
    "measures %s as what they say, every axis",
    async (_, nats) => {
      const both = await measure(nats);
      examinations.push(...both);
      for (const { name, mismatches, found } of both) {
        expect(mismatches, name).toEqual([]);
        const open = findingLines(found).filter(({ value }) => value === undefined);
        // A filter that lets everybody in refuses nobody.
        expect(
          open.filter(({ axis }) => axis !== "wrongPeerSyn"),
          name,
        ).toEqual([]);
      }
    },
    WITHIN_MS,
  );

  it("gives docs/nat-models.md, which `make nat-docs` writes", async () => {
    expect(renderNatModels(examinations, NATS)).toBe(await readFile(DOCS, "utf8"));
  });

  it.each<readonly [string, PartialModel, PartialModel, RegExp]>([
    [
      "a port block as none",
      { ports: UPPER, blockSize: 256 },
      { ports: UPPER },
      /^blockSize: declared 32768 ports, measured an end after 2\d\d /,
    ],
    [
      "a smaller port block",
      { ports: UPPER, blockSize: 64 },
      { ports: UPPER, blockSize: 512 },
      /^blockSize: declared 512 ports, measured an end after \d\d /,
    ],
    [
      "silence as RFC 5382's patience",
      {},
      { unsolicitedSyn: { kind: "delayed-icmp", afterMs: 4000 }, wrongPeerSyn: "drop" },
      /^unsolicitedSyn: declared delayed-icmp after 4\.0 s, measured drop /,
    ],
    [
      "parity kept as not kept",
      { ports: { ...UPPER, parity: true } },
      { ports: UPPER },
      /^parity of ports: declared not kept, measured kept /,
    ],
    [
      "a short timeout of unanswered SYNs",
      { timeouts: { synSentS: 60 } },
      { timeouts: { synSentS: 240 } },
      /^timeouts\.synSentS: declared 4 s, measured 0\.5 to 1\.5 s /,
    ],
    [
      "a short timeout of connections",
      { timeouts: { establishedS: 300 } },
      { timeouts: { establishedS: 7440 } },
      /^timeouts\.establishedS: declared 124 s, measured 4\.5 to 6\.5 s /,
    ],
    [
      "a long timeout of closed connections",
      { timeouts: { closingS: 240 } },
      { timeouts: { closingS: 120 } },
      /^timeouts\.closingS: declared 2 s, measured 3\.5 to 4\.5 s /,
    ],
  ])(
    "catches %s",
    async (title, real, declared, mismatch) => {
      const [examined] = await measure([{ name: title, model: modelOf(real) }]);
      const stated = scaledModel({ model: modelOf(declared), timers: FAST_TIMERS });
      expect(examined?.mismatches).toEqual([]);
      expect(examined && compareModel(stated, examined.found)).toEqual([expect.stringMatching(mismatch)]);
    },
    WITHIN_MS,
  );
});

function modelOf(axes: PartialModel): NatModel {
  return completeModel({ ports: { kind: "preserve" }, ...axes });
}

/** Two at a time, one for each side of the world, with their names. */
function pairs(all: readonly DeclaredNat[]): [string, DeclaredNat[]][] {
  const chunks = all.flatMap((_, at) => (at % 2 === 0 ? [all.slice(at, at + 2)] : []));
  return chunks.map((chunk) => [chunk.map(({ name }) => name).join(" and "), chunk]);
}
