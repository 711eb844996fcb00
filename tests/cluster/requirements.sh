# What the machine must have. Sourced by up, after lib.sh.
# shellcheck shell=bash disable=SC2154

# A program of each Debian package.
packages=(
    containerd:containerd
    runc:runc
    iptables:iptables
    ip:iproute2
    openssl:openssl
    nsenter:util-linux
)

cni_plugins() {
    local dir
    for dir in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
        [ ! -x "$dir/ptp" ] || { echo "$dir"; return; }
    done
    return 1
}

missing_packages() {
    local entry
    for entry in "${packages[@]}"; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
    done
    cni_plugins >/dev/null || echo containernetworking-plugins
}

# Debian starts the service of a package that it installs, unless a policy forbids it.
install_packages() {
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        # shellcheck disable=SC2064 # the path is known now
        trap "rm -f $policy" EXIT
    fi
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$@"
    if [ -n "$(trap -p EXIT)" ]; then
        rm -f $policy
        trap - EXIT
    fi
}

require_packages() { # [--install]
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "${1:-}" = --install ] && command -v apt-get >/dev/null; then
        install_packages "${missing[@]}" >"$state/install.log" 2>&1 || {
            tail -n 20 "$state/install.log" >&2
            die "apt-get could not install: ${missing[*]}"
        }
        return
    fi
    die "missing: ${missing[*]}
  apt-get install -y --no-install-recommends ${missing[*]}
Elsewhere than on Debian the packages have other names. 'up --install' does it here."
}

require_go() {
    local needed have
    needed=$(sed -n 's/^go //p' "$here/node/go.mod")
    have=$(go env GOVERSION 2>/dev/null) || have=0
    have=${have#go}
    printf '%s\n' "$needed" "${have%%[- ]*}" | sort -C -V ||
        die "the node needs Go $needed or later to be built, and here is ${have/#0/none}: https://go.dev/dl"
}
