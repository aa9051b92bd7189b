import type { Subject } from "../../orchestrator/report/ladder/figure.ts";

/** A figure of docs/figures.md: a cell of a scenario, and what of it is drawn. */
export interface FigureOrder {
  readonly title: string;
  /** Of the scenario files below, without the scenario's name. */
  readonly scenario: "paper" | "source-routing";
  readonly cell: string;
  readonly subject: Subject;
  readonly words: string;
}

export const FIGURES: readonly FigureOrder[] = [
  {
    title: "Port prediction (the paper's Figure 3)",
    scenario: "paper",
    cell: "natblaster-2-low-ttl.sequential~preserve.drop.te-drop",
    subject: "prediction",
    words:
      "A's two tests: three connections from consecutive ports to one port of X, then one from the last of these to another port of X. " +
      "Outside ports that count up by one, and differ for one and the same inside port: the next one is foreseen.",
  },
  {
    title: "Case 1: both ports predictable, source routes obeyed",
    scenario: "source-routing",
    cell: "natblaster-1.aware~aware.drop.te-drop.core-lsrr-forward",
    subject: "connection",
    words:
      "Both SYNs go by way of X, which holds them back, reads the sequence numbers off them and forges each side's SYN+ACK. The ACKs come " +
      "by way of X as well and end there: each side's connection is open already.",
  },
  {
    title: "Case 2: both ports predictable, no source routes",
    scenario: "paper",
    cell: "natblaster-2-low-ttl.sequential~preserve.drop.te-drop",
    subject: "connection",
    words:
      "Both SYNs open their own NAT and die before the far one. X was told their sequence numbers, and forges both SYN+ACKs.",
  },
  {
    title: "Case 3: one port random, source routes obeyed",
    scenario: "source-routing",
    cell: "natblaster-3.aware-random~aware.drop.te-drop.core-lsrr-forward",
    subject: "connection",
    words: "X reads A's random port off its source-routed SYN and tells B, whose SYN goes there. The rest is case 1.",
  },
  {
    title: "Case 4: one port random, no source routes",
    scenario: "paper",
    cell: "natblaster-4.random~preserve.drop.te-drop",
    subject: "connection",
    words:
      "A's flood opens hundreds of random ports, all towards one port of NB. X forges hundreds of SYN+ACKs to random ports of NA, each with the " +
      "port it was sent to as its payload; one that gets through tells A a pair of ports. With these it is case 2.",
  },
];
