/**
 * What natbed's containers set at creation (a new namespace inherits the host's values, so nothing is left to chance). The doctor creates
 * its container with all of them.
 */
export const NEEDED_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.accept_source_route": "1",
  "net.ipv4.conf.default.accept_source_route": "1",
  "net.ipv4.conf.all.send_redirects": "0",
  "net.ipv4.conf.default.send_redirects": "0",
  "net.ipv4.icmp_ratelimit": "0",
  "net.ipv4.ip_local_port_range": "32768 60999",
  "net.ipv4.tcp_timestamps": "1",
  "net.netfilter.nf_conntrack_tcp_loose": "1",
  "net.netfilter.nf_conntrack_tcp_be_liberal": "0",
  "net.netfilter.nf_conntrack_tcp_timeout_syn_sent": "120",
};
