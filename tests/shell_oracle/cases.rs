//! Scripts as people write them, and what they make of a pod.

/// What is said of variables: `{?}` is unknown, `-` is not set, and `command` is the command that keeps running.
pub(crate) struct Case {
    pub(crate) script: &'static str,
    /// Changes to the environment: `-` is not set, `?` is unknown.
    pub(crate) env: &'static [(&'static str, &'static str)],
    pub(crate) subdomain: bool,
    pub(crate) expect: &'static [(&'static str, &'static str)],
}

const fn case(script: &'static str, expect: &'static [(&'static str, &'static str)]) -> Case {
    Case { script, env: &[], subdomain: false, expect }
}

const fn with(
    env: &'static [(&'static str, &'static str)],
    script: &'static str,
    expect: &'static [(&'static str, &'static str)],
) -> Case {
    Case { script, env, subdomain: false, expect }
}

const fn stateful(script: &'static str, expect: &'static [(&'static str, &'static str)]) -> Case {
    Case { script, env: &[], subdomain: true, expect }
}

/// `mix release.init` of Elixir 1.18.
const STOCK: &str = r##"#!/bin/sh

# # Sets and enables heart (recommended only in daemon mode)
# case $RELEASE_COMMAND in
#   daemon*)
#     HEART_COMMAND="$RELEASE_ROOT/bin/$RELEASE_NAME $RELEASE_COMMAND"
#     export HEART_COMMAND
#     export ELIXIR_ERL_OPTIONS="-heart"
#     ;;
#   *)
#     ;;
# esac

# # Set the release to load code on demand (interactive) instead of preloading (embedded).
# export RELEASE_MODE=interactive

# # Set the release to work across nodes.
# # RELEASE_DISTRIBUTION must be "sname" (local), "name" (distributed) or "none".
# export RELEASE_DISTRIBUTION=name
# export RELEASE_NODE=<%= @release.name %>
"##;

const HEART: &str = r#"case $RELEASE_COMMAND in
  daemon*)
    HEART_COMMAND="$RELEASE_ROOT/bin/$RELEASE_NAME $RELEASE_COMMAND"
    export HEART_COMMAND
    export ELIXIR_ERL_OPTIONS="-heart"
    ;;
  *)
    ;;
esac
export RELEASE_DISTRIBUTION=name
export RELEASE_NODE=app@127.0.0.1
"#;

const FLY: &str = r#"#!/bin/sh

# configure node for distributed erlang with IPV6 support
export ERL_AFLAGS="-proto_dist inet6_tcp"
export ECTO_IPV6="true"
export DNS_CLUSTER_QUERY="${FLY_APP_NAME}.internal"
export RELEASE_DISTRIBUTION="name"
export RELEASE_NODE="${FLY_APP_NAME}-${FLY_IMAGE_REF##*-}@${FLY_PRIVATE_IP}"

# Uncomment to send crash dumps to stderr
# export ERL_CRASH_DUMP=/dev/stderr
"#;

const LIBCLUSTER_DNS: &str = r"export POD_A_RECORD=$(echo $POD_IP | sed 's/\./-/g')
export CLUSTER_DOMAIN=cluster.local  # modify this value according to your actual situation
export RELEASE_DISTRIBUTION=name
export RELEASE_NODE=app@${POD_A_RECORD}.${NAMESPACE}.pod.${CLUSTER_DOMAIN}
";

const LIBCLUSTER_DNS_RENDERED: &str = r"export POD_A_RECORD=$(echo $POD_IP | sed 's/./-/g')
export RELEASE_NODE=app@${POD_A_RECORD}.${NAMESPACE}.pod.cluster.local
";

const PHOENIX_RELEASES: &str = r#"#!/bin/sh
export ERL_EPMD_PORT=4369
export ERL_AFLAGS="-kernel inet_dist_listen_min 4370 inet_dist_listen_max 4372"
export RELEASE_DISTRIBUTION="name"
export RELEASE_NODE="app-${PLATFORM_DEPLOYMENT_SHA}@${PLATFORM_DEPLOYMENT_IP}"
"#;

const PINNED_PORT: &str = r#"case $RELEASE_COMMAND in
  start*|daemon*)
    export ELIXIR_ERL_OPTIONS="-kernel inet_dist_listen_min 9000 inet_dist_listen_max 9000"
    ;;
  *)
    ;;
esac
"#;

const TWO_MODES: &str = r#"if { [ -z "${RELEASE_DISTRIBUTION:-}" ] || [ "$RELEASE_DISTRIBUTION" = "name" ]; } && [ -z "${RELEASE_NODE:-}" ]; then
  export RELEASE_DISTRIBUTION="name"
  if [ -n "${POD_IP:-}" ] && [ -n "${KUBERNETES_NAMESPACE:-}" ]; then
    NAME="$(echo "$POD_IP" | sed 's/\./-/g')"
    HOST="${NAME}.${KUBERNETES_NAMESPACE}.pod.cluster.local"
  else
    HOST="$(hostname -f)"
  fi
  export RELEASE_NODE="${RELEASE_NAME}@${HOST}"
fi
"#;

const AWK: &str = r#"if [ -z "$RELEASE_NODE" ] && [ -z "$OTHER_NODE" ]; then
  IP="$(hostname -i 2>/dev/null | awk '{print $1}')"
  [ -z "$IP" ] && IP="$(ip -4 -o addr show scope global | awk '{print $4}' | cut -d/ -f1 | head -1)"
  export RELEASE_NODE="${BASENAME:-app}@${IP}"
fi
"#;

const FUNCTION: &str = r#"dashed() { echo "$1" | tr . -; }
configure() {
  local host
  host=$(dashed "$POD_IP")
  RELEASE_NODE="app@$host.${NAMESPACE}.pod.cluster.local"
}
configure
export RELEASE_NODE
"#;

pub(crate) const CASES: &[Case] = &[
    // The guides.
    case(STOCK, &[("RELEASE_NODE", "-"), ("RELEASE_DISTRIBUTION", "-")]),
    case(HEART, &[("RELEASE_NODE", "app@127.0.0.1"), ("RELEASE_DISTRIBUTION", "name"), ("HEART_COMMAND", "-")]),
    with(
        &[("RELEASE_COMMAND", "daemon_iex")],
        HEART,
        &[("HEART_COMMAND", "/app/bin/app daemon_iex"), ("ELIXIR_ERL_OPTIONS", "-heart")],
    ),
    with(&[("RELEASE_COMMAND", "?")], HEART, &[("HEART_COMMAND", "{?}"), ("RELEASE_NODE", "app@127.0.0.1")]),
    case(FLY, &[("RELEASE_NODE", "-@"), ("DNS_CLUSTER_QUERY", ".internal"), ("ERL_AFLAGS", "-proto_dist inet6_tcp")]),
    with(
        &[("FLY_APP_NAME", "shop"), ("FLY_IMAGE_REF", "registry.fly.io/shop:deployment-01H9"), ("FLY_PRIVATE_IP", "?")],
        FLY,
        &[("RELEASE_NODE", "shop-01H9@{?}"), ("DNS_CLUSTER_QUERY", "shop.internal")],
    ),
    case(LIBCLUSTER_DNS, &[("RELEASE_NODE", "app@{pod-ip-dashed}.{namespace}.pod.cluster.local")]),
    case(LIBCLUSTER_DNS_RENDERED, &[("RELEASE_NODE", "app@{?}.{namespace}.pod.cluster.local")]),
    with(&[("POD_IP", "10.1.2.3")], LIBCLUSTER_DNS_RENDERED, &[("POD_A_RECORD", "--------")]),
    stateful(
        "export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=<%= @release.name %>@$(hostname -f)\n",
        &[("RELEASE_NODE", "{?}@{hostname}.cart.{namespace}.svc.{cluster-domain}")],
    ),
    case("export RELEASE_NODE=app@$(hostname -f)", &[("RELEASE_NODE", "app@{hostname}")]),
    case("export RELEASE_NODE=app@$(hostname --fqdn 2>/dev/null)", &[("RELEASE_NODE", "app@{hostname}")]),
    case("export RELEASE_NODE=<%= @release.name %>@${HOSTNAME}", &[("RELEASE_NODE", "{?}@{hostname}")]),
    case("export RELEASE_NODE=<%= @release.name %>@127.0.0.1", &[("RELEASE_NODE", "{?}@127.0.0.1")]),
    case("export RELEASE_NODE=app@$(hostname -i)", &[("RELEASE_NODE", "app@{pod-ip}")]),
    case(
        "export RELEASE_NODE=myapp@$(echo $POD_IP).$(echo $NAMESPACE).x",
        &[("RELEASE_NODE", "myapp@{pod-ip}.{namespace}.x")],
    ),
    case(PHOENIX_RELEASES, &[("RELEASE_NODE", "app-@"), ("ERL_EPMD_PORT", "4369")]),
    with(
        &[("PLATFORM_DEPLOYMENT_SHA", "deadbeef"), ("PLATFORM_DEPLOYMENT_IP", "{pod-ip}")],
        PHOENIX_RELEASES,
        &[("RELEASE_NODE", "app-deadbeef@{pod-ip}")],
    ),
    case(PINNED_PORT, &[("ELIXIR_ERL_OPTIONS", "-kernel inet_dist_listen_min 9000 inet_dist_listen_max 9000")]),
    with(&[("RELEASE_COMMAND", "rpc")], PINNED_PORT, &[("ELIXIR_ERL_OPTIONS", "-")]),
    with(
        &[("KUBERNETES_NAMESPACE", "{namespace}")],
        TWO_MODES,
        &[("RELEASE_NODE", "app@{pod-ip-dashed}.{namespace}.pod.cluster.local")],
    ),
    stateful(TWO_MODES, &[("RELEASE_NODE", "app@{hostname}.cart.{namespace}.svc.{cluster-domain}")]),
    with(&[("RELEASE_NODE", "app@x"), ("RELEASE_DISTRIBUTION", "name")], TWO_MODES, &[("RELEASE_NODE", "app@x")]),
    with(&[("RELEASE_NODE", "?")], TWO_MODES, &[("RELEASE_NODE", "{?}"), ("RELEASE_DISTRIBUTION", "{?}")]),
    case(AWK, &[("RELEASE_NODE", "app@{pod-ip}"), ("IP", "{pod-ip}")]),
    case(FUNCTION, &[("RELEASE_NODE", "app@{pod-ip-dashed}.{namespace}.pod.cluster.local"), ("host", "-")]),
    // What is set already.
    with(
        &[("RELEASE_NODE", "set@{pod-ip}")],
        "export RELEASE_NODE=${RELEASE_NODE:-app@$POD_IP}",
        &[("RELEASE_NODE", "set@{pod-ip}")],
    ),
    with(
        &[("RELEASE_NODE", "")],
        "export RELEASE_NODE=\"${RELEASE_NODE:-app@$POD_IP}\"",
        &[("RELEASE_NODE", "app@{pod-ip}")],
    ),
    with(&[("RELEASE_NODE", "")], "export RELEASE_NODE=\"${RELEASE_NODE-app@$POD_IP}\"", &[("RELEASE_NODE", "")]),
    with(&[("RELEASE_NODE", "?")], "export RELEASE_NODE=\"${RELEASE_NODE:-app@$POD_IP}\"", &[("RELEASE_NODE", "{?}")]),
    case("export RELEASE_NODE=\"${RELEASE_NODE:-app@${HOSTNAME}}\"", &[("RELEASE_NODE", "app@{hostname}")]),
    case(": ${X:=d}; : \"${X:=e}\"; Y=${X:+alt}; Z=${NOT+alt}", &[("X", "d"), ("Y", "alt"), ("Z", "")]),
    case("X=a; : ${X:?missing}; Y=b; : ${NOT:?missing}; Y=c", &[("Y", "b")]),
    // Quotes.
    case(
        "A='$POD_IP' B=\"'$POD_IP'\" C=\\$POD_IP D=a\\ b",
        &[("A", "$POD_IP"), ("B", "'{pod-ip}'"), ("C", "$POD_IP"), ("D", "a b")],
    ),
    case("A=\"a\\\"b\\\\c\\d\"'e'f", &[("A", "a\"b\\c\\def")]),
    case("A=one\\\ntwo; B=\"x\\\ny\"", &[("A", "onetwo"), ("B", "xy")]),
    case("A=a#b # comment\nB=c", &[("A", "a#b"), ("B", "c")]),
    case("A=\"${X:-it's}\" B=${X:-\"a  b\"} C=\"${X:-$POD_IP}\"", &[("A", "it's"), ("B", "a  b"), ("C", "{pod-ip}")]),
    case("A='multi\nline' B=\"$A\"", &[("B", "multi\nline")]),
    // Operators on values.
    case("N=${HOSTNAME##*-}; B=${HOSTNAME%-*}", &[("N", "{?}"), ("B", "{?}")]),
    with(&[("HOSTNAME", "cart-0")], "N=${HOSTNAME##*-}; B=${HOSTNAME%-*}", &[("N", "0"), ("B", "cart")]),
    case(
        "F=app@$POD_NAME.cart.shop; A=${F%%.*} B=${F##*.} C=${F#*@} D=${F%.*}",
        &[("A", "app@{pod-name}"), ("B", "shop"), ("C", "{pod-name}.cart.shop"), ("D", "app@{pod-name}.cart")],
    ),
    case(
        "F=a.b.c; A=${F#*.} B=${F%.[a-c]} C=${F#z} D=${F%%\".\"*} E=${F#?}",
        &[("A", "b.c"), ("B", "a.b"), ("C", "a.b.c"), ("D", "a"), ("E", ".b.c")],
    ),
    case("A=${POD_IP//./-}; B=${#POD_IP}", &[("A", "{?}"), ("B", "{?}")]),
    // Programs.
    case(
        "A=`hostname`; B=$(uname -n); C=$(cat /etc/hostname)",
        &[("A", "{hostname}"), ("B", "{hostname}"), ("C", "{hostname}")],
    ),
    case(
        "A=$(echo $POD_IP | tr . -) B=$(echo $POD_IP | tr '.' '-') C=$(echo \"$POD_IP\" | tr . _)",
        &[("A", "{pod-ip-dashed}"), ("B", "{pod-ip-dashed}"), ("C", "{?}")],
    ),
    case(
        "A=$(echo $POD_IP | sed -e 's|\\.|-|g') B=$(echo $POD_IP | sed 's/[.]/-/g') C=$(echo $POD_IP | sed s/\\\\./-/g)",
        &[("A", "{pod-ip-dashed}"), ("B", "{pod-ip-dashed}"), ("C", "{pod-ip-dashed}")],
    ),
    case("A=$(echo $POD_IP | sed s/\\./-/g)", &[("A", "{?}")]),
    case(
        "A=$(echo a.b.c | sed 's/\\./-/') B=$(echo a.b.c | sed 's/b/x/;s/x/yy/') C=$(echo abab | sed 's/ab/-/g')",
        &[("A", "a-b.c"), ("B", "a.yy.c"), ("C", "--")],
    ),
    case(
        "A=$(echo app_$POD_NAME | sed 's/_/-/') B=$(echo x.$POD_IP | sed 's/\\./-/')",
        &[("A", "app-{pod-name}"), ("B", "x-{pod-ip}")],
    ),
    case(
        "A=$(hostname -s) B=$(hostname | cut -d- -f1) C=$(hostname -f | cut -d. -f1)",
        &[("A", "{hostname}"), ("B", "{?}"), ("C", "{hostname}")],
    ),
    stateful(
        "A=$(hostname -f | cut -d . -f 1) B=$(hostname -f | cut -d. -f2-) C=$(hostname -f | cut -f2 -d.)",
        &[("A", "{hostname}"), ("B", "cart.{namespace}.svc.{cluster-domain}"), ("C", "cart")],
    ),
    case(
        "A=$(printf '%s' \"$POD_IP\" | tr . -) B=$(printf '%s@%s\\n' app $POD_IP) C=$(printf app) D=$(printf '%s-' a b)",
        &[("A", "{pod-ip-dashed}"), ("B", "app@{pod-ip}"), ("C", "app"), ("D", "a-b-")],
    ),
    case(
        "A=$(hostname | tr '[:lower:]' '[:upper:]') B=$(hostname | tr '[:upper:]' '[:lower:]') C=$(echo aBc | tr a-z A-Z)",
        &[("A", "{?}"), ("B", "{hostname}"), ("C", "ABC")],
    ),
    case(
        "A=$(hostname -i | tr -d '\\n') B=$(echo $POD_IP | tr -d .) C=$(hostname | head -n1)",
        &[("A", "{pod-ip}"), ("B", "{?}"), ("C", "{hostname}")],
    ),
    case(
        "A=$(getent hosts $(hostname) | awk '{print $1}'); B=$(ip route get 1 | awk '{print $NF}')",
        &[("A", "{?}"), ("B", "{?}")],
    ),
    case("A=$(cat /no/such/file); B=$(awk 'END{print $1}' /etc/hosts)", &[("A", "{?}"), ("B", "{?}")]),
    case("A=$(echo a; echo b); B=$(echo -n a)b; C=$(echo \"a\\nb\")", &[("A", "a\nb"), ("B", "ab"), ("C", "{?}")]),
    case("A=$(echo 'a   b') B=$(echo $A) C=$(echo \"$A\")", &[("B", "a b"), ("C", "a   b")]),
    case("A=$(cat <<EOF\n$POD_IP\nEOF\n)\nB=c", &[("A", "{?}"), ("B", "c")]),
    case("cat > vm.args <<EOF\nRELEASE_NODE=no\nEOF\nB=c\n", &[("B", "c"), ("RELEASE_NODE", "-")]),
    case("cat <<-'EOF' > /dev/null\n\tRELEASE_NODE=no\n\tEOF\nB=c", &[("B", "c"), ("RELEASE_NODE", "-")]),
    case("A=$((1 + 2)); B=$(( (1 + 2) * 3 ))x; C=d", &[("A", "{?}"), ("B", "{?}x"), ("C", "d")]),
    // Branches.
    case(
        "if [ \"$POD_IP\" != \"\" ]; then export RELEASE_NODE=\"app@$POD_IP\"; else RELEASE_NODE=app; fi",
        &[("RELEASE_NODE", "app@{pod-ip}")],
    ),
    case(
        "if [ -n \"$POD_IP\" ]; then\n  export A=name\n  B=app@${POD_IP}\nelse\n  A=sname B=app@localhost\nfi",
        &[("A", "name"), ("B", "app@{pod-ip}")],
    ),
    case("if [ -z $NOPE ]; then A=1; elif [ -n x ]; then A=2; else A=3; fi", &[("A", "1")]),
    case("if [ -n $NOPE ]; then A=1; fi", &[("A", "1")]),
    case("if [ -f /no/such/file ]; then A=1; B=1; else A=2; B=1; fi", &[("A", "{?}"), ("B", "1")]),
    case("if ! [ -z \"$POD_IP\" ]; then A=1; fi; if test a = b; then A=2; fi", &[("A", "1")]),
    case("if [[ -z \"$POD_IP\" ]]; then A=1; else A=2; fi", &[("A", "{?}")]),
    case("[ \"$POD_NAME\" = cart-0 ] && A=1 || A=2", &[("A", "{?}")]),
    case("[ -n \"$POD_IP\" ] && A=1; [ -n \"$NOPE\" ] && A=2; [ -z \"$NOPE\" ] || A=3", &[("A", "1")]),
    case("A=0; true && A=1; false || B=1; false && A=2; ! true || A=3", &[("A", "3"), ("B", "1")]),
    case("case \"$POD_NAME\" in *-0) A=first;; *) A=other;; esac", &[("A", "{?}")]),
    case(
        "case \"$RELEASE_COMMAND\" in start|daemon) A=1;; esac; case x in [a-c]) B=1;; ?) B=2;; esac",
        &[("A", "1"), ("B", "2")],
    ),
    case("case \"app@$POD_IP\" in web@*) A=1;; *) A=2;; esac", &[("A", "2")]),
    with(
        &[("X", "?")],
        "case $X in a) A=1;; b) A=1;; *) A=1;; esac; case $X in a) B=1;; esac",
        &[("A", "1"), ("B", "{?}")],
    ),
    // Loops and subshells.
    case("for i in 1 2 3; do A=$i; done; B=x", &[("A", "{?}"), ("B", "x")]),
    case("while [ -z \"$A\" ]; do A=y; done; B=x; until true; do C=1; done", &[("A", "{?}"), ("B", "x"), ("C", "{?}")]),
    case("A=1; (A=2; export B=3); { A=4; }; echo $(A=5) > /dev/null", &[("A", "4"), ("B", "-")]),
    case("A=1; echo x | A=2; echo y | read A", &[("A", "1")]),
    case("read A < /dev/null; A=${A}z", &[("A", "{?}z")]),
    case("f() { if [ -n \"$POD_IP\" ]; then A=1; return; fi; A=2; }; f; B=$A", &[("A", "1"), ("B", "1")]),
    case("f() { A=$1-$2; }; f a \"b c\"; g() { f \"$@\" && B=$#; }; g x y z", &[("A", "x-y"), ("B", "3")]),
    // Exports, options, endings.
    case("A=1; export A; export B; B=2; set -a; C=3; set +a; D=4", &[("A", "1"), ("B", "2"), ("C", "3"), ("D", "4")]),
    case("set -eu; A=1; unset A; B=${A:-none}", &[("A", "-"), ("B", "none")]),
    case("set -u; A=1; B=$NOPE; A=2", &[("A", "1"), ("B", "-")]),
    case("set -e; A=1; false; A=2", &[("A", "1")]),
    case("set -e; case x in *) false && true;; esac; A=2", &[("A", "2")]),
    case("set -e; f() { false && true; }; A=1; f; A=2", &[("A", "1")]),
    with(&[("X", "?")], "f() { A=$1; }; f a$(echo $X)b", &[("A", "{?}")]),
    case("set -e; A=1; false || true; if false; then :; fi; A=2", &[("A", "2")]),
    case("A=1; [ -f /no/such ] && return; A=2", &[("A", "{?}")]),
    case("A=1; return 0; A=2", &[("A", "1")]),
    case("A=1; [ -f /no/such ] && exit 1; A=2", &[("A", "2")]),
    case("A=1; [ -f /no/such ] && . /no/such; B=2", &[("A", "{?}"), ("B", "2")]),
    case("A=1; eval \"A=2\"; B=$A", &[("A", "{?}"), ("B", "{?}")]),
    case("IFS=.; set -- $POD_IP; A=$1; B=\"$POD_IP\"", &[("A", "{?}"), ("B", "{pod-ip}")]),
    case("set -- a $POD_IP; A=$2 B=$# C=\"$*\"", &[("A", "{pod-ip}"), ("B", "2"), ("C", "a {pod-ip}")]),
    case("A=~/x; B=a~b", &[("A", "{?}"), ("B", "a~b")]),
    // Commands that keep running.
    case(
        "export RELEASE_NODE=app@$POD_IP; exec bin/app start",
        &[("RELEASE_NODE", "app@{pod-ip}"), ("command", "bin/app start")],
    ),
    case("RELEASE_NODE=app@$POD_IP RELEASE_DISTRIBUTION=name exec bin/app start", &[("command", "bin/app start")]),
    case("RELEASE_NODE=app@$POD_IP bin/app start", &[("RELEASE_NODE", "-"), ("command", "bin/app start")]),
    case(
        "export POD_A_RECORD=$(echo $POD_IP | sed 's/\\./-/g') && bin/app foreground",
        &[("POD_A_RECORD", "{pod-ip-dashed}"), ("command", "bin/app foreground")],
    ),
    case("bin/app eval 'App.migrate()' && exec bin/app start", &[("command", "bin/app start")]),
    case(
        "set -e\nbin/app eval x\nexec bin/app \"$RELEASE_COMMAND\" $POD_IP 'a b'",
        &[("command", "bin/app start {pod-ip} a b")],
    ),
    case("if [ \"$ROLE\" = web ]; then exec bin/app web; fi\nexec bin/app start", &[("command", "bin/app start")]),
    case("if [ -f /x ]; then exec bin/app web; fi\nexec bin/app start", &[("command", "?")]),
    case("X=1 bin/app start | cat", &[("command", "?")]),
    case("bin/app start & A=1; wait", &[("A", "1"), ("command", "?")]),
    case("A=1\nB='open\n", &[("A", "{?}")]),
    case("A=1; export $(echo B=2); C=3", &[("A", "{?}"), ("C", "3")]),
];
