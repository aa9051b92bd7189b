import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connectEngine } from "../../orchestrator/engine/index.ts";
import { runCell } from "../../orchestrator/run/cell.ts";
import type { Station } from "../../orchestrator/run/station.ts";
import { parseScenario } from "../../orchestrator/scenario/load.ts";
import { openFolder, type Folder } from "../kit/command.ts";
import { openStation } from "../kit/world.ts";

/** An attempt takes some six of its ports: the third or fourth one would come to their end, where no prediction comes true. */
const SHORT = `
name: sequence
nats: { short: { ports: { kind: sequential, step: 1, range: { from: 40000, to: 40025 } }, timeExceeded: drop } }
matrix: [{ technique: stunt-1, na: [short], nb: [preserve], timeExceeded: [drop], trials: 8, expect: [{ verdict: direct }] }]
`;

describe.skipIf(inject("noEngine"))("a NAT with sequential ports in a warm world", () => {
  let station: Station;
  let folder: Folder;

  beforeAll(async () => {
    folder = openFolder();
    station = await openStation("sequence");
  });
  afterAll(async () => {
    await station?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  it("begins its sequence anew for every attempt, so that none comes to its end by what went before", async () => {
    const { kernel } = await connectEngine();
    const [cell] = parseScenario("sequence.yaml", SHORT).cells;
    const result = await runCell(station, cell!, { runDir: folder.path, seed: 1, kernel });
    expect(result.trials.map(({ outcome }) => outcome.why).join("\n")).not.toContain("predicted");
    expect(result).toMatchObject({ verdict: "direct", surprise: false, rate: { direct: 8, of: 8 } });
  });
});
