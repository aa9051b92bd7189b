/** `make figures`: docs/figures.md anew from real runs. Two runs differ in nothing, so a difference is one of behaviour. */
import { writeFile } from "node:fs/promises";
import { wrap } from "../orchestrator/report/columns.ts";
import { LEGEND } from "../orchestrator/report/ladder/ascii.ts";
import { drawFigures } from "./figures/draw.ts";

const INTRODUCTION = `# The paper's figures, from real runs

NATBLASTER (2005) draws the prediction of ports as its Figure 3, and how a connection is opened as Figures 2, 4 and 5. These are the same
exchanges as the interfaces of a world captured them, one row a packet. \`make figures\` draws them anew, and a test compares what it draws
with this page: nodes, arrows, flags, what each NAT wrote into a packet, and where one died. Times are left out, ports are letters, what is
sent again is not shown, and of packets of both sides at the same time A's comes first. Both NATs drop what no mapping admits, and keep ICMP
time-exceeded from their hosts.

\`natbed run -t CELL\` shows any cell in full, with times.

${"```"}text
${LEGEND}
${"```"}
`;

const sections = (await drawFigures()).map(
  ({ title, scenario, cell, words, drawing }) =>
    `## ${title}\n\n${wrap(words, 138).join("\n")}\n\n${"```"}sh\nbin/natbed run scenarios/${scenario}.yaml -t ${cell}\n${"```"}\n\n${"```"}text\n${drawing}${"```"}\n`,
);
await writeFile(new URL("../docs/figures.md", import.meta.url), [INTRODUCTION, ...sections].join("\n"));
