# What the scripts have in common.
# shellcheck shell=bash disable=SC2034 # its variables are used where it is sourced

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Where components write whatever their configuration says. A cluster mounts something of its own over them.
mount_points=(/var/lib/kubelet /var/lib/cni /var/log/containers)
made_by_us=.beamgate-test-cluster
# In the cluster's own /run: kubectl would write to the home directory.
kube_cache=/run/kube-cache
# Where the kernel asks whether a pod may connect.
policies_queue=100

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Everything that a cluster leaves on the disk is below $state. Each has its cgroup, so that two checkouts do not meet.
open_state() {
    [ "$(uname)" = Linux ] || die 'the cluster needs Linux: it is made of its namespaces'
    [ "$(id -u)" = 0 ] || die 'the cluster needs root'
    state=${BEAMGATE_CLUSTER:-$here/../../target/cluster}
    mkdir -p "$state"
    state=$(cd "$state" && pwd -P)
    run=$state/run
    cgroup=beamgate-$(cksum <<<"$state" | cut -d' ' -f1)
}

# The lock must not be inherited by what outlives us: close descriptor 9.
try_lock() { # file
    exec 9>"$1"
    flock --nonblock 9
}

# One up or down at a time.
lock() {
    try_lock "$state/lock" || {
        echo 'waiting for another up or down …'
        flock 9
    }
}

# What is launched gets a process group of its own, which ends with us: at_exit ends it, and if we are killed the kernel tells it.
launch() { setpriv --pdeathsig TERM setsid "$@" </dev/null 9>&- & }

# Bash heeds a signal while it waits for a job, but not while it waits for a command in the foreground.
attend() {
    launch "$@"
    wait $!
}

# Whatever ends us, what we have launched ends first, then this is done; and no second signal disturbs it.
at_exit() { # command
    # shellcheck disable=SC2064 # the command is known now
    trap "trap '' INT TERM HUP; end_launched; $1" EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

# The group is not there yet if it was launched a moment ago.
end_launched() {
    local pid
    for pid in $(jobs -pr); do
        kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
    done
    wait
}

# The processes that have $mark among their arguments are `unshare`, which the kernel ties to the cluster's first process, that
# process, and those that watch a component.
mark=cluster:
marked() { grep -lszxF -- "$mark$run" /proc/[0-9]*/cmdline | cut -d/ -f3; }

# The first process of the cluster; a process that only has its old number does not count.
first_process() {
    local pid
    pid=$(cat "$run/pid" 2>/dev/null) || return 1
    grep -qszxF -- "$mark$run" "/proc/$pid/cmdline" || return 1
    echo "$pid"
}

is_up() { first_process >/dev/null && [ -e "$run/ready" ]; }

exec_inside() {
    local pid
    pid=$(first_process) || exit 1
    exec nsenter --target "$pid" --mount --net --pid --uts --ipc -- \
        env -C "$PWD" PATH="$state/bin:$PATH" KUBECONFIG=/run/cluster/pki/admin.conf KUBECACHEDIR="$kube_cache" "$@"
}

inside() { (exec_inside "$@"); }

# The first process of a process namespace is neither gone nor a zombie before all the others are gone.
is_alive() { grep -qs '^State:.[^ZX]' "/proc/$1/status"; }

# Kills what is left, in whatever state it is. The logs stay until the next `remove_run`.
stop() {
    local pid pids deadline=$((SECONDS + 30))
    mapfile -t pids < <(marked)
    [ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do
        while is_alive "$pid"; do
            [ $SECONDS -lt $deadline ] || die "process $pid does not end"
            sleep 0.05
        done
    done
    remove_cgroups
    remove_mount_points
}

make_mount_points() {
    local dir
    for dir in "${mount_points[@]}"; do
        [ -d "$dir" ] || { mkdir -p "$dir" && touch "$dir/$made_by_us"; }
    done
}

# Removing a directory takes away what others mounted over it: the last cluster does it.
remove_mount_points() {
    local dir
    for dir in "${mount_points[@]}"; do
        if [ -e "$dir/$made_by_us" ] && ! grep -qs " $dir " /proc/[0-9]*/mountinfo; then
            rm "$dir/$made_by_us"
            rmdir --ignore-fail-on-non-empty "$dir"
        fi
    done
}

# In every hierarchy of version 1, or in the only one of version 2. A cgroup is busy for a moment after its last process.
remove_cgroups() {
    local dir deadline=$((SECONDS + 10))
    for dir in /sys/fs/cgroup/"$cgroup" /sys/fs/cgroup/*/"$cgroup"; do
        while [ -d "$dir" ] && ! find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null; do
            [ $SECONDS -lt $deadline ] || die "$dir is still in use"
            sleep 0.1
        done
    done
}

remove_run() { rm -rf --one-file-system "$run"; }
