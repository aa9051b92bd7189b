import type { Fragment } from "../fragment.ts";
import type { NatModel } from "../model.ts";

/** Liberal: conntrack calls only RSTs outside the window invalid (nf_conntrack_proto_tcp.c, tcp_in_window()). */
export function windowRules({ windowTracking }: NatModel): Fragment {
  return { sysctls: { "net.netfilter.nf_conntrack_tcp_be_liberal": windowTracking === "liberal" ? "1" : "0" } };
}
