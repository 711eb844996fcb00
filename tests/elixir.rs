//! Configurations as the reader understands them, against what Elixir itself says of them.
//!
//! Each folder of `tests/elixir` is a project. `tests/elixir/ask` has Elixir read its configuration, and writes `said.txt`: once with
//! every variable holding its own name, `$(NAME)`, and once without any. The reader may say `?`, that it does not know; it may
//! not say anything else than Elixir.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use beamgate::elixir;
use beamgate::place::{ObjectId, Pointer};
use beamgate::world::code::{Code, Coded, Way};
use beamgate::world::declared::{Key, Script, Sourced};
use proptest::prelude::*;

fn script(number: usize, text: &str) -> Script {
    Script { id: ObjectId::text(number), text: text.to_owned() }
}

fn load(folder: &Path) -> impl FnMut(&str) -> Option<Script> {
    let folder = folder.to_owned();
    move |path| Some(script(0, &fs::read_to_string(folder.join(path)).ok()?))
}

fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elixir");
    let mut found: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}

/// What Elixir said, with and without the variables; the latter only where it came to an end.
fn said(project: &Path) -> Vec<(bool, BTreeMap<String, String>)> {
    let text = fs::read_to_string(project.join("said.txt")).unwrap();
    let parts = text.split("# ").filter(|part| !part.is_empty());
    parts.map(|part| (part.starts_with("with its"), part.lines().skip(1).map(setting).collect())).collect()
}

fn setting(line: &str) -> (String, String) {
    let (key, value) = line.split_once(" = ").unwrap();
    (key.to_owned(), value.to_owned())
}

/// Whether a reading may stand for what was said: each `?` for anything.
fn agrees(read: &str, said: &str) -> bool {
    let mut parts = read.split('?');
    let Some(mut rest) = parts.next().and_then(|first| said.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn the_reader_says_what_elixir_says() {
    let mut wrong = String::new();
    for project in projects() {
        let name = project.file_name().unwrap().to_string_lossy().into_owned();
        for (set, said) in said(&project) {
            let read = elixir::settings(&mut load(&project), set);
            let is_open = name == "open";
            assert!(is_open || read.values().all(|value| !value.contains('?')), "{name}: {read:#?}");
            for (key, value) in &said {
                match read.get(key) {
                    Some(read) if agrees(read, value) => {}
                    read => wrong += &format!("{name}, {key}:\n  said {value}\n  read {read:?}\n"),
                }
            }
            // What Elixir sets only under a condition may be there for the reader, as not known.
            let more = read.iter().filter(|(key, value)| !said.contains_key(*key) && *value != "?");
            more.for_each(|(key, value)| wrong += &format!("{name}, {key}: read {value}, and it is not set\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn what_is_not_known_before_it_runs_is_not_guessed() {
    let project = projects().into_iter().find(|project| project.ends_with("open")).unwrap();
    let read = elixir::settings(&mut load(&project), true);
    let read: Vec<String> = read.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
    assert_eq!(
        read,
        [
            "libcluster.topologies = ?",
            "mill.dns_cluster_query = \"same\"",
            "shop.dns_cluster_query = ?",
            "till.dns_cluster_query = ?"
        ]
    );
}

/// What a project of these files says.
fn read(config: &str, sources: &[&str]) -> Code {
    let sources: Vec<Script> = sources.iter().enumerate().map(|(number, text)| script(number + 1, text)).collect();
    elixir::read(&mut |path| (path == "config/runtime.exs").then(|| script(0, config)), &sources)
}

fn application(body: &str) -> String {
    format!(
        "defmodule Cart.Application do\n  use Application\n  @impl true\n  def start(_type, _args) do\n    {body}\n    \
         Supervisor.start_link(children, strategy: :one_for_one)\n  end\nend\n"
    )
}

/// `name: Strategy key=value…`, with `?` for a value that was not evaluated and `…` for options that may be more.
fn shown(code: &Code) -> Vec<String> {
    let option = |(key, option): &(Key, Sourced<Option<Coded>>)| {
        format!(" {}={}", key.name(), option.value.as_ref().map_or("?".to_owned(), |text| text.filled(true)))
    };
    let way = |way: &Way| {
        let options: String = way.options.iter().map(option).collect();
        format!("{}: {}{options}{}", way.name, way.strategy.value, if way.closed { "" } else { " …" })
    };
    code.ways.iter().map(way).collect()
}

const DNS: &str =
    "[k8s: [strategy: Cluster.Strategy.Kubernetes.DNS, config: [application_name: \"cart\", service: \"cart\"]]]";

#[test]
fn the_topologies_are_those_that_libcluster_is_started_with() {
    let configured = format!("import Config\nconfig :libcluster, topologies: {DNS}");
    let from_config = "topologies = Application.get_env(:libcluster, :topologies) || []\n    \
                       children = [{Cluster.Supervisor, [topologies, [name: Cart.ClusterSupervisor]]}]";
    let inline =
        format!("topologies = {DNS}\n    children = [{{Cluster.Supervisor, [topologies, [name: Cart.Cluster]]}}]");
    let alone = format!("children = [{{Cluster.Supervisor, [{DNS}]}}]");
    let bare = format!("children = [{{Cluster.Supervisor, {DNS}}}]");
    let unread = "children = [{Cluster.Supervisor, [Cart.topologies(), [name: Cart.Cluster]]}]";
    for (config, start, settled) in [
        (configured.as_str(), from_config, true),
        ("import Config", inline.as_str(), true),
        ("import Config", &alone, true),
        ("import Config", &bare, true),
        (&configured, unread, false),
        (&configured, "children = []", false),
    ] {
        let code = read(config, &[&application(start)]);
        assert_eq!(shown(&code), ["k8s: Kubernetes.DNS basename=cart service=cart"], "{start}");
        assert_eq!(code.settled, settled, "{start}");
    }
    // The configuration is of no use where the app does not ask for it.
    let code = read(&configured.replace("DNS", "DNSSRV"), &[&application(&inline)]);
    assert_eq!(shown(&code), ["k8s: Kubernetes.DNS basename=cart service=cart"]);
    assert_eq!(read("import Config", &[&application(unread)]).unread[0].what, "`Cart.topologies()` is not evaluated");
}

#[test]
fn every_way_is_found_with_its_options() {
    for (config, ways) in [
        (
            "config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Kubernetes, config: [mode: :dns, \
             kubernetes_node_basename: \"cart\", kubernetes_selector: System.get_env(\"SELECTOR\"), \
             kubernetes_cluster_name: \"prod\", polling_interval: 1]]]",
            vec!["a: Kubernetes basename=cart mode=dns selector=$(SELECTOR) cluster-domain=prod.local"],
        ),
        (
            "config :libcluster, topologies: [a: [strategy: Cluster.Strategy.DNSPoll, config: [query: Cart.query(), \
             node_basename: \"cart\"] ++ Cart.more()]]",
            vec!["a: DNSPoll service=? basename=cart …"],
        ),
        ("config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Gossip]]", vec!["a: Gossip"]),
        (
            "config :libcluster, topologies: [a: [strategy: LibclusterPostgres.Strategy, config: []]]",
            vec!["a: Announced"],
        ),
        ("config :libcluster, topologies: [a: [strategy: Cart.Strategy, config: []]]", vec![]),
        (
            "config :cart, dns_cluster_query: System.get_env(\"DNS_CLUSTER_QUERY\")",
            vec!["dns_cluster_query: DNSCluster service=$(DNS_CLUSTER_QUERY)"],
        ),
        ("config :cart, dns_cluster_query: :ignore", vec![]),
        (
            "config :cart, dns_cluster_query: {\"shop\", \"cart\"}",
            vec!["dns_cluster_query: DNSCluster basename=shop service=cart"],
        ),
        (
            "config :peerage, via: Peerage.Via.Dns, dns_name: \"cart.shop.svc.cluster.local\", app_name: \"cart\"",
            vec!["peerage: Peerage service=cart.shop.svc.cluster.local basename=cart"],
        ),
        ("config :peerage, via: Peerage.Via.List, node_list: [:a@b]", vec![]),
    ] {
        assert_eq!(shown(&read(&format!("import Config\n{config}"), &[])), ways, "{config}");
    }
}

#[test]
fn what_was_not_evaluated_says_its_line() {
    let config = "import Config\nif System.get_env(\"K8S\") do\n  config :libcluster, topologies: [a: [strategy: A]]\nend\n\
                  config :cart, dns_cluster_query: Cart.query()\nimport_config \"secret.exs\"\n";
    let code = read(config, &[]);
    let unread = |at: usize| (&config[range(&code.unread[at].at)], code.unread[at].what.as_str());
    assert_eq!(unread(0).1, "`config/secret.exs`, which is imported here, cannot be read");
    assert_eq!(unread(1), ("System.get_env(\"K8S\")", "`System.get_env(\"K8S\")` decides it, and is not evaluated"));
    assert_eq!(unread(2), ("Cart.query()", "`Cart.query()` is not evaluated"));
    assert!(code.ways.is_empty() && !code.settled);
    let broken = read("import Config\nconfig :cart, [", &[]);
    assert_eq!(broken.unread[0].what, "the file is no Elixir that could be read");
    assert_eq!(broken.unread[0].at, Pointer::root().of(ObjectId::text(0)).within(0..0));
}

#[test]
fn what_is_too_deep_to_be_read_is_said_with_its_place() {
    let deep = format!("import Config\nx = {}1\n", "!".repeat(100_000));
    let code = read(&deep, &[]);
    let said: Vec<&str> = code.unread.iter().map(|unread| unread.what.as_str()).collect();
    assert_eq!(said, ["the file is nested too deeply to be read"]);
    assert!(range(&code.unread[0].at).start > 900);
    let source = application(&format!("children = [{{DNSCluster, query: {}\"a\"}}]", "!".repeat(100_000)));
    let code = read("import Config\n", &[&source]);
    assert_eq!(code.unread[0].what, "the file is nested too deeply to be read");
    assert_eq!(code.unread[0].at.object, ObjectId::text(1));
    assert!(!code.settled);
}

#[test]
fn a_source_that_starts_more_than_anybody_would_says_so() {
    let many = application(&format!("children = [{}]", "{Cluster.Supervisor, [[a: []]]}, ".repeat(17)));
    let code = read("import Config\n", &[&many]);
    assert_eq!(code.unread.last().unwrap().what, "the file starts more than 16 of them");
    assert!(!code.settled);
}

fn range(at: &beamgate::place::Loc) -> std::ops::Range<usize> {
    match at.focus {
        beamgate::place::Focus::Within(start, end) => start as usize..end as usize,
        _ => 0..0,
    }
}

#[test]
fn hostile_files_are_read_in_a_moment() {
    let doubled = "import Config\na = [1]\n".to_owned() + &"a = [a, a]\n".repeat(5000);
    let copied = doubled.clone() + "config :libcluster, topologies: [x: a]\n";
    let texts = "import Config\na = \"x\"\n".to_owned() + &"a = a <> a\n".repeat(5000);
    let branches =
        "import Config\n".to_owned() + &"if x do\nconfig :libcluster, topologies: [a: [b: 1]]\nend\n".repeat(2000);
    let nested = "import Config\n".to_owned() + &"if x do\n".repeat(3000) + &"end\n".repeat(3000);
    let lists =
        "import Config\nconfig :libcluster, topologies: ".to_owned() + &"[".repeat(20_000) + &"]".repeat(20_000);
    let open = "[".repeat(60_000);
    let imports = "import Config\n".to_owned() + &"import_config \"runtime.exs\"\n".repeat(200);
    for (name, text) in [
        ("doubled", doubled),
        ("copied", copied),
        ("texts", texts),
        ("branches", branches),
        ("nested", nested),
        ("lists", lists),
        ("open", open),
        ("imports", imports),
        ("not", "x = ".to_owned() + &"not ".repeat(900) + &format!("[{} 1]", "a, ".repeat(40_000))),
    ] {
        let begin = Instant::now();
        read(&text, &[]);
        assert!(begin.elapsed() < Duration::from_secs(20), "{name} took {:?}", begin.elapsed());
    }
}

/// Pieces of configurations, in whatever order.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "import Config\n",
        "config :libcluster, ",
        "topologies: ",
        "[",
        "]",
        "k8s: ",
        "strategy: ",
        "Cluster.Strategy.Kubernetes",
        "config: ",
        "\"",
        "#{",
        "}",
        "{",
        "if ",
        " do\n",
        "end\n",
        "else\n",
        "System.get_env(",
        ")",
        "\"X\"",
        ", ",
        " || ",
        " <> ",
        "\n",
        ":a",
        "a",
        " = ",
        "\"\"\"",
        "~w(",
        "|> ",
        "fn -> ",
        "case ",
        " -> ",
        "%{",
        "import_config \"runtime.exs\"\n",
        "é",
        "\\",
        "{Cluster.Supervisor, ",
        "{DNSCluster, query: ",
        "def start do\n",
        "Application.get_env(:libcluster, :topologies)",
        "@",
        "&1",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..40).prop_map(|words| words.concat())
}

/// Pieces of a `mix.exs`, in any order.
fn mix_pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "def project do",
        "defp r do",
        "defp r, do: ",
        "r()",
        "r",
        "@r ",
        "@r",
        "[",
        "]",
        "app: ",
        ":a",
        "releases: ",
        "x: ",
        "rel_templates_path: ",
        "\"rel/#{@r}\"",
        "cookie: nil",
        "apps_path: \"apps\"",
        ", ",
        "\n",
        " end\n",
        "fn -> ",
        "&r/0",
        "++",
    ]);
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_makes_the_reader_panic(config in any::<String>(), source in any::<String>()) {
        read(&config, &[&source]);
    }

    #[test]
    fn nor_does_what_almost_is_a_configuration(config in pieces(), source in pieces()) {
        read(&config, &[&source, &application(&config)]);
    }

    #[test]
    fn nor_does_what_almost_is_a_project(project in pieces(), rest in mix_pieces()) {
        for text in [format!("def project do [app: :a, releases: r()] {project}\nend\n{rest}"), rest, project] {
            let _ = elixir::mix(&script(0, &text));
        }
    }
}
