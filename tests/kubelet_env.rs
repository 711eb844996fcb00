//! A container's environment is what the kubelet makes of it.
//!
//! The kubelet's `makeEnvironmentVariables` and `expansion.Expand` are written out here once more, as plainly as they stand
//! in Kubernetes 1.35, and run over a world that knows everything. What [`Env`] says of the same container, knowing only
//! the manifests, must never be false there; and where the manifests hold everything, nothing may be left open.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::Arc;

use beamgate::manifest::yaml;
use beamgate::name::env::{Env, Lookup, Scope};
use beamgate::name::template::{Part, Sym, Template};
use beamgate::world::World;
use beamgate::world::facts::Facts;
use beamgate::world::object::Object;
use proptest::prelude::*;
use serde_json::{Value, json};

type Strings = BTreeMap<String, String>;

/// An entry of `env`.
#[derive(Debug, Clone)]
struct Entry {
    name: &'static str,
    source: Source,
}

/// Where a value comes from; of a ConfigMap or Secret its name, the key, and whether it is optional.
#[derive(Debug, Clone)]
enum Source {
    Value(String),
    PodIp,
    Namespace,
    ConfigMap(&'static str, &'static str, bool),
    Secret(&'static str, bool),
}

/// An entry of `envFrom`.
#[derive(Debug, Clone)]
struct From {
    prefix: &'static str,
    name: &'static str,
    secret: bool,
}

#[derive(Debug, Clone)]
struct Case {
    env_from: Vec<From>,
    env: Vec<Entry>,
    /// The ConfigMap that is in the input.
    seen: Strings,
    /// The ConfigMap and the Secret that are only on the cluster.
    hidden: Strings,
    service_links: bool,
}

const POD_IP: &str = "10.42.1.7";

impl Case {
    fn is_known(&self) -> bool {
        let known = |source: &Source| match source {
            Source::Value(_) | Source::PodIp | Source::Namespace => true,
            Source::ConfigMap(name, key, optional) => *name == "seen" && (*optional || self.seen.contains_key(*key)),
            Source::Secret(..) => false,
        };
        self.env_from.iter().all(|from| from.name == "seen" && !from.secret)
            && self.env.iter().all(|entry| known(&entry.source))
    }

    fn data(&self, name: &str) -> &Strings {
        if name == "seen" { &self.seen } else { &self.hidden }
    }
}

/// `getServiceEnvVarMap`: the `kubernetes` Service always, those of the namespace if the pod wants them.
fn service_env(links: bool) -> Strings {
    let all =
        [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("A_SERVICE_HOST", "10.0.0.2"), ("A_PORT", "tcp://10.0.0.2:80")];
    let wanted = all.into_iter().filter(|(name, _)| links || name.starts_with("KUBERNETES"));
    wanted.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `makeEnvironmentVariables`; nothing where it returns an error and the container does not start.
fn kubelet(case: &Case) -> Option<Strings> {
    let services = service_env(case.service_links);
    let mut made = Strings::new();
    for from in &case.env_from {
        for (key, value) in case.data(if from.secret { "secret" } else { from.name }) {
            made.insert(format!("{}{key}", from.prefix), value.clone());
        }
    }
    for entry in &case.env {
        let value = match &entry.source {
            Source::Value(text) => expand(text, &|name| made.get(name).or_else(|| services.get(name)).cloned()),
            Source::PodIp => POD_IP.to_owned(),
            Source::Namespace => "shop".to_owned(),
            Source::ConfigMap(_, key, optional) | Source::Secret(key, optional) => {
                let data = match &entry.source {
                    Source::ConfigMap(name, ..) => case.data(name),
                    _ => case.data("secret"),
                };
                match data.get(*key) {
                    Some(value) => value.clone(),
                    None if *optional => continue,
                    None => return None,
                }
            }
        };
        made.insert(entry.name.to_owned(), value);
    }
    Some(made)
}

/// `expansion.Expand`.
fn expand(input: &str, mapping: &dyn Fn(&str) -> Option<String>) -> String {
    let bytes = input.as_bytes();
    let mut out = String::new();
    let (mut checkpoint, mut cursor) = (0, 0);
    while cursor < bytes.len() {
        if bytes[cursor] == b'$' && cursor + 1 < bytes.len() {
            out += &input[checkpoint..cursor];
            let (read, is_var, advance) = try_read_variable_name(&input[cursor + 1..]);
            if is_var {
                out += &mapping(&read).unwrap_or_else(|| format!("$({read})"));
            } else {
                out += &read;
            }
            cursor += advance;
            checkpoint = cursor + 1;
        }
        cursor += 1;
    }
    out + &input[checkpoint..]
}

/// `tryReadVariableName`.
fn try_read_variable_name(input: &str) -> (String, bool, usize) {
    match input.as_bytes()[0] {
        b'$' => ("$".to_owned(), false, 1),
        b'(' => match input.find(')') {
            Some(end) => (input[1..end].to_owned(), true, end + 1),
            None => ("$(".to_owned(), false, 1),
        },
        other => (format!("${}", other as char), false, 1),
    }
}

fn manifests(case: &Case) -> String {
    let key = |name: &str, key: &str, optional| json!({"name": name, "key": key, "optional": optional});
    let env: Vec<Value> = case
        .env
        .iter()
        .map(|entry| match &entry.source {
            Source::Value(text) => json!({"name": entry.name, "value": text}),
            Source::PodIp => json!({"name": entry.name, "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}),
            Source::Namespace => {
                json!({"name": entry.name, "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}})
            }
            Source::ConfigMap(map, of, optional) => {
                json!({"name": entry.name, "valueFrom": {"configMapKeyRef": key(map, of, *optional)}})
            }
            Source::Secret(of, optional) => {
                json!({"name": entry.name, "valueFrom": {"secretKeyRef": key("secret", of, *optional)}})
            }
        })
        .collect();
    let from = |from: &From| {
        let source = if from.secret { "secretRef" } else { "configMapRef" };
        json!({"prefix": from.prefix, source: {"name": from.name}})
    };
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "cart", "namespace": "shop"},
        "spec": {
            "enableServiceLinks": case.service_links,
            "containers": [{"name": "cart", "env": env, "envFrom": case.env_from.iter().map(from).collect::<Vec<_>>()}],
        },
    });
    let seen = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "seen", "namespace": "shop"}, "data": case.seen,
    });
    format!("{pod}\n---\n{seen}\n")
}

/// Whether a value is what a template says; what the template leaves open may be anything.
fn agrees(value: &str, template: &Template) -> bool {
    let pieces: Vec<Option<String>> = template
        .pieces()
        .iter()
        .map(|piece| match &piece.part {
            Part::Lit(text) | Part::Unexpanded(text, _) => Some(text.clone()),
            Part::Sym(Sym::PodIp) => Some(POD_IP.to_owned()),
            Part::Sym(Sym::Namespace) => Some("shop".to_owned()),
            Part::Sym(_) | Part::Opaque(_) => None,
        })
        .collect();
    fits(value, &pieces)
}

fn fits(value: &str, pieces: &[Option<String>]) -> bool {
    match pieces.split_first() {
        None => value.is_empty(),
        Some((Some(text), rest)) => value.strip_prefix(text.as_str()).is_some_and(|value| fits(value, rest)),
        Some((None, rest)) => (0..=value.len()).any(|skip| value.get(skip..).is_some_and(|value| fits(value, rest))),
    }
}

/// The environment of the only container of some manifests.
fn env(text: &str) -> Env {
    let folder: Arc<str> = "".into();
    let mut objects = Vec::new();
    for document in yaml::split::documents(text) {
        let Some(parsed) = yaml::parse(text, document).unwrap() else { continue };
        objects.extend(Object::read(&parsed.root, &folder, &[]));
    }
    let world = World::new(objects, Facts::default());
    let (object, workload) = world.workloads().next().unwrap();
    let pod = &workload.template;
    Env::of(Scope { world: &world, object, pod }, &pod.containers[0])
}

fn hold(case: &Case) -> Result<(), TestCaseError> {
    let env = env(&manifests(case));
    let Some(made) = kubelet(case) else { return Ok(()) };
    let names = made.keys().map(String::as_str).chain(env.vars().iter().map(|var| var.name.as_str()));
    for name in names {
        match (env.lookup(name), made.get(name)) {
            (Lookup::Set(var), Some(value)) => {
                prop_assert!(agrees(value, &var.value), "{name} is {value:?}, not {}", var.value);
                prop_assert!(!case.is_known() || is_decided(&var.value), "{name}: {:?}", var.value);
            }
            // An optional reference that leads nowhere leaves the variable out.
            (Lookup::Set(var), None) => prop_assert!(var.value.unknown().is_some(), "{name} is not set"),
            (Lookup::Unset, Some(value)) => prop_assert!(false, "{name} is {value:?}, not unset"),
            (Lookup::Open(_), _) => prop_assert!(!case.is_known(), "{name} is left open"),
            (Lookup::Unset, None) => {}
        }
    }
    Ok(())
}

/// A value of a Service's variable is never known from manifests.
fn is_decided(value: &Template) -> bool {
    value.unknown().is_none_or(|why| why.to_string().contains("of a Service"))
}

const NAMES: [&str; 6] = ["A", "B", "C", "MY_POD_IP", "P_A", "A_PORT"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES.to_vec())
}

/// Text that is made of everything that means something to the kubelet. `$A` may mean something to others, if A says it.
fn text() -> impl Strategy<Value = String> {
    let reference = || name().prop_map(|name| format!("$({name})"));
    let piece = prop_oneof![
        4 => reference(),
        1 => reference().prop_map(|reference| format!("${reference}")),
        2 => prop::sample::select(vec![
            "$(KUBERNETES_SERVICE_HOST)", "$(A_SERVICE_HOST)", "$(UNDEFINED)", "$(hostname -i)",
            "$", "$$", "$(", "(", ")", "$Z", "\\", "$()", "$(A",
        ]).prop_map(str::to_owned),
        3 => "[a-z@.-]{1,4}",
        1 => Just("é".to_owned()),
    ];
    // Go makes two characters of one that is not ASCII right behind a dollar; nobody writes that.
    prop::collection::vec(piece, 0..5)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("mojibake", |text| !text.contains("$é"))
}

fn case() -> impl Strategy<Value = Case> {
    let source = prop_oneof![
        6 => text().prop_map(Source::Value),
        1 => Just(Source::PodIp),
        1 => Just(Source::Namespace),
        2 => (prop::sample::select(vec!["seen", "hidden"]), name(), any::<bool>())
            .prop_map(|(map, key, optional)| Source::ConfigMap(map, key, optional)),
        1 => (name(), any::<bool>()).prop_map(|(key, optional)| Source::Secret(key, optional)),
    ];
    let entry = (name(), source).prop_map(|(name, source)| Entry { name, source });
    let from = (
        prop::sample::select(vec!["", "P_"]),
        prop::sample::select(vec!["seen", "seen", "hidden"]),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(prefix, name, secret)| From { prefix, name: if secret { "secret" } else { name }, secret });
    let data = || prop::collection::btree_map(name().prop_map(str::to_owned), text(), 0..4);
    (prop::collection::vec(from, 0..3), prop::collection::vec(entry, 0..7), data(), data(), any::<bool>())
        .prop_map(|(env_from, env, seen, hidden, service_links)| Case { env_from, env, seen, hidden, service_links })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_environment_is_what_the_kubelet_makes(case in case()) {
        hold(&case)?;
    }
}

/// The table of `third_party/forked/golang/expansion/expand_test.go`, which the transcription must pass itself.
#[test]
fn the_transcription_passes_the_tests_of_its_original() {
    let mapping = |name: &str| {
        let known = [("VAR_A", "A"), ("VAR_B", "B"), ("VAR_C", "C"), ("VAR_REF", "$(VAR_A)"), ("VAR_EMPTY", "")];
        known.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
    };
    for (input, expected) in [
        ("$(VAR_A)_$(VAR_B)_$(VAR_C)", "A_B_C"),
        ("$$(VAR_B)_$(VAR_A)", "$(VAR_B)_A"),
        ("f000-$$VAR_A", "f000-$VAR_A"),
        ("foo\\$(VAR_C)bar", "foo\\Cbar"),
        ("$(VAR_A$(VAR_B))", "$(VAR_A$(VAR_B))"),
        ("%%$(VAR_REF)--$(VAR_REF)%%", "%%$(VAR_A)--$(VAR_A)%%"),
        ("foo$(VAR_EMPTY)bar", "foobar"),
        ("foo$(VAR_Awhoops!", "foo$(VAR_Awhoops!"),
        ("$?_boo_$!", "$?_boo_$!"),
        ("$$$$$$(BIG_MONEY)", "$$$(BIG_MONEY)"),
        ("$$$$$$$(GOOD_ODDS)", "$$$$(GOOD_ODDS)"),
        ("$$$$$$$(VAR_A)", "$$$A"),
        ("${VAR_A}", "${VAR_A}"),
        ("$(VAR_C)_______$(", "C_______$("),
        ("$(VAR_A)foobarzab$", "Afoobarzab$"),
        ("$($($($($--foo$(", "$($($($($--foo$("),
        ("$(foo$$var)", "$(foo$$var)"),
    ] {
        assert_eq!(expand(input, &mapping), expected, "{input}");
    }
}

#[test]
fn placeholders_are_open_wherever_they_stand() {
    for (text, expected) in [
        ("app@${HOST}", "app@{?}"),
        ("app@${OWN}", "app@${OWN}"),
        ("${OWN}-${HOST}-{{ .Values.x }}", "${OWN}-{?}-{?}"),
        ("app@$({{ .Values.ip }})", "app@{?}"),
        ("$${HOST} $OWN", "${HOST} $OWN"),
    ] {
        let list = json!([{"name": "OWN", "value": "x"}, {"name": "A", "value": text}]);
        let pod = json!({
            "kind": "Pod", "metadata": {"name": "cart"}, "spec": {"containers": [{"name": "cart", "env": list}]},
        });
        let env = env(&pod.to_string());
        assert_eq!(env.get("A").unwrap().value.to_string(), expected, "{text}");
    }
}
