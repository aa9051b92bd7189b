/**
 * R's rules (iptables-restore). Its own ICMP errors and everything to and from X take a hop through user space
 * (agents/core-queue.ts says why); all else is forwarded by the kernel. `--queue-bypass`: nothing is lost before the agent listens.
 */
export const CORE_RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p icmp -j NFQUEUE --queue-num 0 --queue-bypass
-A FORWARD -i wan-x -j NFQUEUE --queue-num 0 --queue-bypass
-A FORWARD -o wan-x -j NFQUEUE --queue-num 0 --queue-bypass
COMMIT
`;
