# What the machine must have. Sourced after lib.sh.
# shellcheck shell=bash disable=SC2154

# A program of each Debian package.
programs=(
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
    for entry in "${programs[@]}"; do
        command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
    done
    cni_plugins >/dev/null || echo containernetworking-plugins
}

# Elsewhere than on Debian the packages have other names.
install() { # flag package…
    local flag=$1
    shift
    if [ "$flag" != --install ] || ! command -v apt-get >/dev/null; then
        die "missing: $*
  apt-get update && apt-get install -y --no-install-recommends $*
On Debian, --install does it."
    fi
    printf 'installing %s …\n' "$*"
    apt_get_install "$@" >"$state/install.log" 2>&1 || {
        tail -n 20 "$state/install.log" >&2
        die "apt-get could not install: $*"
    }
}

# Debian starts the service of a package that it installs, unless a policy forbids it.
apt_get_install() (
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        trap 'rm -f $policy' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$@"
)

require_packages() { # [--install]
    local missing
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} -gt 0 ] || return 0
    install "${1:-}" "${missing[@]}"
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} = 0 ] || die "still missing after apt-get has installed it: ${missing[*]}"
}

# Whatever is built: one that is old for one module is no use for the others.
require_go() {
    local needed have
    needed=$(sed -n 's/^go //p' "$here"/*/go.mod | sort -V | tail -n 1)
    have=$(go env GOVERSION 2>/dev/null) || have=0
    have=${have#go}
    printf '%s\n' "$needed" "${have%%[- ]*}" | sort -C -V ||
        die "the cluster needs Go $needed or later to be built, and here is ${have/#0/none}: https://go.dev/dl"
}

# The release of Debian that this machine runs; the images are made of the same.
suite() { (. /etc/os-release && [ "${ID:-}" = debian ] && printf '%s\n' "${VERSION_CODENAME:-}") 2>/dev/null; }

require_debian() { [ -n "$(suite)" ] || die 'the images are made of Debian, and only on Debian'; }
