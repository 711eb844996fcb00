//! What is known of a node in its workload, as variables of a policy: the CEL of the rules is written over them.
//!
//! They follow the model that the rules themselves judge, as far as one can see it without solving anything: the node's container
//! is chosen as `trace::container` does; of a name one level of `$(VAR)` is followed. Whatever is not plain is `?`, of which
//! nothing is ever said.
//!
//! `has()` stands where `.?` would be shorter, so that the tests can evaluate the same text without a cluster.

use super::{Profile, clean};
use crate::discovery::Strategy;
use crate::name::boot::FLAGS;
use crate::name::env::SERVICE_LINKS;
use crate::name::inputs;
use crate::name::template::Sym;
use crate::rules::{PROGRAMS, UNREAD_COOKIES, WELL_KNOWN_COOKIES};
use crate::trace::container::{SIDECARS, VARIABLES};
use crate::world::declared::{INJECTED, Key, STRATEGY};

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) expression: String,
}

impl Variable {
    pub(super) fn new(name: &str, expression: impl Into<String>) -> Self {
        Self { name: name.to_owned(), expression: expression.into() }
    }
}

/// All variables, each below those that it is made of.
pub(super) fn all(profile: &Profile<'_>) -> Vec<Variable> {
    let new = of_the_object();
    let old: Vec<Variable> = new.iter().map(|variable| as_it_was(variable, &new)).collect();
    let of_an_edit = [("wasOptedIn", WAS_OPTED_IN), ("mayBeOld", MAY_BE_OLD), ("ignore", IGNORE)];
    let of_an_edit = of_an_edit.map(|(name, expression)| Variable::new(name, expression));
    constants(profile).into_iter().chain(new).chain(old).chain(of_an_edit).collect()
}

/// Those of the variables that some expressions need, directly or through others.
pub(super) fn needed<'e>(all: &[Variable], expressions: impl Iterator<Item = &'e str>) -> Vec<Variable> {
    let mut text: String = expressions.collect::<Vec<_>>().join("\n");
    let mut kept: Vec<Variable> = Vec::new();
    // None refers to one below it.
    for variable in all.iter().rev() {
        if mentions(&text, &variable.name) {
            text = text + "\n" + &variable.expression;
            kept.push(variable.clone());
        }
    }
    kept.reverse();
    kept
}

fn mentions(text: &str, name: &str) -> bool {
    let whole = format!("variables.{name}");
    text.match_indices(&whole).any(|(at, _)| !text[at + whole.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()))
}

/// A variable about the object, about the object as it was.
fn as_it_was(variable: &Variable, of_the_object: &[Variable]) -> Variable {
    let mut pieces = variable.expression.split("variables.");
    let first = pieces.next().unwrap_or_default().replace("dyn(object)", "dyn(oldObject)");
    let expression = pieces.fold(first, |text, piece| {
        let name: &str = piece.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let differs = of_the_object.iter().any(|other| other.name == name);
        let called = if differs { old(name) } else { name.to_owned() };
        text + "variables." + &called + &piece[name.len()..]
    });
    Variable { name: old(&variable.name), expression }
}

/// `oldName` of `name`.
fn old(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    format!("old{}{}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

fn constants(profile: &Profile<'_>) -> Vec<Variable> {
    let keys = Key::ALL.map(Key::annotation).into_iter().chain([STRATEGY.to_owned(), INJECTED.to_owned()]);
    let keys: Vec<String> = keys.collect();
    let set: Vec<String> = VARIABLES.iter().map(|name| format!("'{name}': true")).collect();
    vec![
        Variable::new("kind", "request.kind.kind"),
        Variable::new("clusterDomain", format!("'{}'", profile.cluster_domain)),
        Variable::new("injects", profile.injects.to_string()),
        Variable::new("knownStrategies", list(Strategy::names())),
        Variable::new("knownKeys", list(keys.iter().map(String::as_str))),
        Variable::new("flagVariables", list(FLAGS)),
        Variable::new("programs", list(PROGRAMS)),
        Variable::new("serviceLinks", list(SERVICE_LINKS)),
        Variable::new("placeholders", list(Sym::PLACEHOLDERS.map(|(name, _)| name))),
        Variable::new("inputFields", list(inputs::FIELDS.map(|(name, _)| name))),
        Variable::new("unreadCookies", list(UNREAD_COOKIES)),
        Variable::new("releaseVariables", format!("{{{}}}", set.join(", "))),
        Variable::new("fields", FIELDS),
    ]
}

/// A list of texts that need no escapes.
pub(super) fn list<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let quoted: Vec<String> = texts.into_iter().map(|text| format!("'{text}'")).collect();
    format!("[{}]", quoted.join(", "))
}

fn annotation(name: &str, key: &str) -> Variable {
    let key = format!("'beamgate.dev/{key}'");
    Variable::new(name, format!("{key} in variables.annotations ? variables.annotations[{key}].trim() : ''"))
}

/// The variables of the object, each below those that it is made of.
fn of_the_object() -> Vec<Variable> {
    let mut all = vec![
        Variable::new("workload", "dyn(object)"),
        Variable::new("pod", POD),
        Variable::new("spec", "variables.pod.spec"),
        Variable::new("annotations", ANNOTATIONS),
    ];
    let annotated = [
        ("basename", "basename"),
        ("mode", "mode"),
        ("lookup", "lookup"),
        ("selector", "selector"),
        ("service", "service"),
        ("askedNamespace", "namespace"),
        ("nodeName", "node-name"),
        ("annotatedInputs", "inputs"),
        ("declaredContainer", "container"),
    ];
    all.extend(annotated.map(|(name, key)| annotation(name, key)));
    let sidecars = SIDECARS.join("|");
    all.extend([
        Variable::new("domain", DOMAIN),
        Variable::new("inputs", r"variables.annotatedInputs.findAll(r'[^ ,\n\r\t]+')"),
        Variable::new("strategy", STRATEGY_NAME),
        Variable::new("lists", LISTS),
        Variable::new("candidates", CANDIDATES),
        Variable::new("wantedContainer", WANTED_CONTAINER),
        Variable::new("container", CONTAINER.replace("SIDECARS", &sidecars)),
        Variable::new("env", "has(variables.container.env) ? variables.container.env : []"),
        Variable::new("names", "variables.env.map(e, e.name)"),
        Variable::new("hasEnvFrom", "has(variables.container.envFrom) && variables.container.envFrom.size() > 0"),
        Variable::new("words", WORDS),
        Variable::new("startsRelease", STARTS_RELEASE),
        Variable::new("named", NAMED),
        Variable::new("releaseNode", value("RELEASE_NODE")),
        Variable::new("distribution", value("RELEASE_DISTRIBUTION")),
        Variable::new(
            "references",
            r"variables.releaseNode.findAll(r'\$\([^)]*\)').map(r, r.substring(2, r.size() - 1))",
        ),
        Variable::new("nodeIndex", "variables.names.indexOf('RELEASE_NODE')"),
        Variable::new("unresolved", UNRESOLVED),
        Variable::new("name", NAME),
        Variable::new("subdomain", SUBDOMAIN),
        Variable::new("replicas", REPLICAS),
        Variable::new("lastName", LAST_NAME),
        Variable::new("onHost", "has(variables.spec.hostNetwork) && variables.spec.hostNetwork"),
        Variable::new("hasNameservers", HAS_NAMESERVERS),
        Variable::new("dialsAddresses", DIALS_ADDRESSES),
        Variable::new("dialsHostnames", DIALS_HOSTNAMES),
        Variable::new("isSettled", IS_SETTLED),
        Variable::new("agrees", AGREES),
        Variable::new("cookie", COOKIE),
        Variable::new("plainCookie", plain("variables.cookie")),
        Variable::new("plainBasename", plain("variables.basename")),
        Variable::new("guessable", guessable()),
        Variable::new("leavesCookie", LEAVES_COOKIE),
        Variable::new("isClean", clean::IS_CLEAN),
    ]);
    all
}

const POD: &str = "\
variables.kind == 'Pod' ? variables.workload :
variables.kind == 'CronJob' ? variables.workload.spec.jobTemplate.spec.template : variables.workload.spec.template";

const ANNOTATIONS: &str = "\
has(variables.pod.metadata) && has(variables.pod.metadata.annotations) ? variables.pod.metadata.annotations : {}";

const DOMAIN: &str = "\
'beamgate.dev/cluster-domain' in variables.annotations ?
  variables.annotations['beamgate.dev/cluster-domain'] : variables.clusterDomain";

const STRATEGY_NAME: &str = "\
[variables.pod.metadata.labels['beamgate.dev/strategy']]
  .map(name, name.startsWith('Elixir.') ? name.substring(7) : name)
  .map(name, name.startsWith('Cluster.Strategy.') ? name.substring(17) : name)[0]";

/// Whether the strategy is known to ask the API server.
const LISTS: &str = "\
variables.strategy == 'Kubernetes' &&
(!('beamgate.dev/lookup' in variables.annotations) || variables.lookup in ['endpoints', 'pods'])";

const CANDIDATES: &str = "\
variables.spec.containers + (has(variables.spec.initContainers) ?
  variables.spec.initContainers.filter(c, has(c.restartPolicy) && c.restartPolicy == 'Always') : [])";

const WANTED_CONTAINER: &str = "\
'beamgate.dev/container' in variables.annotations ? variables.annotations['beamgate.dev/container'] :
'kubectl.kubernetes.io/default-container' in variables.annotations ?
  variables.annotations['kubectl.kubernetes.io/default-container'] : ''";

const CONTAINER: &str = "\
variables.candidates.size() == 1 ? variables.candidates[0] :
([
  variables.candidates.filter(c, c.name == variables.wantedContainer),
  variables.candidates.filter(c, has(c.env) && c.env.exists(e, e.name in variables.releaseVariables)),
  variables.spec.containers.filter(c, !((has(c.image) ? c.image : '') + ' ' + c.name).matches('SIDECARS'))
].filter(found, found.size() == 1).map(found, found[0]) + [dyn({})])[0]";

const WORDS: &str = "\
((has(variables.container.command) ? variables.container.command : []) +
  (has(variables.container.args) ? variables.container.args : [])).join(' ')";

/// The image's own entry point, or plainly a release's start script.
const STARTS_RELEASE: &str = "\
has(variables.container.name) && (has(variables.container.command) ?
  variables.words.matches(r'^(/[A-Za-z0-9_.-]+)*/?bin/(server|[A-Za-z0-9_-]+ (start|start_iex|daemon|daemon_iex))$') &&
    !variables.words.matches('bin/(erl|elixir|iex|mix|migrate) ') :
  variables.words.matches('^(start|start_iex|daemon|daemon_iex)?$'))";

/// Whether RELEASE_NODE names the node, and neither the VM's flags nor the image. What a Secret says nobody knows, but the webhook
/// reads ConfigMaps, those too that are mounted over the release's own scripts or what is started. A Livebook has its own variable.
const NAMED: &str = "\
variables.startsRelease &&
(!has(variables.container.volumeMounts) || variables.container.volumeMounts.all(m,
  !m.mountPath.matches('releases|/bin|^/app/?$|//|/[.]') && !variables.words.startsWith(m.mountPath))) &&
!variables.names.exists(n, n.startsWith('LIVEBOOK_')) &&
(!has(variables.container.envFrom) || variables.container.envFrom.all(f, has(f.secretRef))) &&
!('beamgate.dev/node-name' in variables.annotations) &&
variables.env.all(e, !(e.name in variables.flagVariables) || has(e.value) && !e.value.matches('name|args_file|[$]'))";

/// The value of a variable; nothing where it is not there, `?` where it is not written or is there twice.
fn value(variable: &str) -> String {
    format!(
        "[variables.env.filter(e, e.name == '{variable}')].map(found, found.size() == 0 ? '' : found.size() > 1 ? '?' :\n  \
         has(found[0].valueFrom) ? '?' : has(found[0].value) ? found[0].value : '')[0]"
    )
}

const UNRESOLVED: &str = "\
variables.references.filter(x, !(x in variables.names) || variables.names.indexOf(x) >= variables.nodeIndex)";

/// RELEASE_NODE as the kubelet makes it, one level deep: `cart@{podIP}`. What is not plain is `?`.
const NAME: &str = r"!variables.named || !variables.releaseNode.matches(r'^([A-Za-z0-9_.@:-]|\$\([A-Za-z_][A-Za-z0-9_]*\))*$') ? '?' :
variables.releaseNode.split('$(').map(part, !part.contains(')') ? part :
  [variables.env.filter(e, e.name == part.split(')')[0])].map(found,
    found.size() != 1 || variables.names.indexOf(found[0].name) >= variables.nodeIndex ? '?' :
    has(found[0].valueFrom) ? (has(found[0].valueFrom.fieldRef) && found[0].valueFrom.fieldRef.fieldPath in variables.fields ?
      variables.fields[found[0].valueFrom.fieldRef.fieldPath] : '?') :
    has(found[0].value) && found[0].value.matches('^[A-Za-z0-9_.@:-]+$') ? found[0].value : '?')[0] + part.split(')')[1]).join('')";

const FIELDS: &str = "\
{'status.podIP': '{podIP}', 'status.podIPs': '{podIPs}', 'status.hostIP': '{hostIP}', 'metadata.name': '{podName}',
 'metadata.namespace': '{namespace}', 'metadata.uid': '{uid}', 'spec.nodeName': '{nodeName}'}";

const SUBDOMAIN: &str = "\
variables.kind == 'StatefulSet' ?
  (has(variables.workload.spec.serviceName) ? variables.workload.spec.serviceName : '') :
  (has(variables.spec.subdomain) ? variables.spec.subdomain : '')";

const REPLICAS: &str = "\
variables.kind in ['Deployment', 'StatefulSet'] ? (has(variables.workload.spec.replicas) ? variables.workload.spec.replicas : 1) :
variables.kind == 'Job' ? (has(variables.workload.spec.parallelism) ? variables.workload.spec.parallelism : 1) : 1";

/// The name of a StatefulSet's last pod.
const LAST_NAME: &str = "\
variables.workload.metadata.name + '-' + string((variables.replicas > 0 ? variables.replicas - 1 : 0) +
  (has(variables.workload.spec.ordinals) && has(variables.workload.spec.ordinals.start) ?
    variables.workload.spec.ordinals.start : 0))";

const HAS_NAMESERVERS: &str = "\
has(variables.spec.dnsConfig) && has(variables.spec.dnsConfig.nameservers) && variables.spec.dnsConfig.nameservers.size() > 0";

const DIALS_ADDRESSES: &str = "\
variables.strategy in ['Kubernetes.DNS', 'DNSPoll', 'DNSCluster', 'Peerage'] ||
variables.strategy == 'Kubernetes' && (!('beamgate.dev/mode' in variables.annotations) || variables.mode == 'ip')";

const DIALS_HOSTNAMES: &str = "\
(!('beamgate.dev/namespace' in variables.annotations) || variables.askedNamespace == request.namespace) &&
!('CLUSTER_DOMAIN' in variables.names) &&
(variables.strategy == 'Kubernetes.DNSSRV' ||
  variables.strategy == 'Kubernetes' && variables.mode == 'hostname' && variables.domain.matches(r'^[a-z0-9.-]*[.]local$'))";

/// Whether no other fault can explain why the names differ: nothing is left to expand but what RELEASE_NODE refers to, and the pod
/// has the host name that Kubernetes gives it.
const IS_SETTLED: &str = "\
!variables.annotations.exists(key, key.startsWith('beamgate.dev/') && variables.annotations[key].contains('$')) &&
variables.env.all(e, e.name == 'RELEASE_NODE' || !has(e.value) || !e.value.matches('[$`]')) &&
!has(variables.spec.hostnameOverride) && !(has(variables.spec.setHostnameAsFQDN) && variables.spec.setHostnameAsFQDN)";

/// Whether it is plain that the node is called as it is dialled.
const AGREES: &str = r"variables.name.matches('^[A-Za-z0-9_-]+@') && (
  variables.dialsAddresses && (variables.name == variables.basename + '@{podIP}' ||
    variables.strategy == 'DNSCluster' && variables.basename == '' && variables.name.matches(r'^[^@]+@\{podIP\}$')) ||
  variables.dialsHostnames && variables.kind == 'StatefulSet' && variables.subdomain == variables.service &&
    variables.domain == variables.clusterDomain && variables.name in ['{namespace}', request.namespace].map(ns,
      variables.basename + '@{podName}.' + variables.service + '.' + ns + '.svc.' + variables.clusterDomain))";

const COOKIE: &str = "\
[variables.env.filter(e, e.name == 'RELEASE_COOKIE')].map(found,
  found.size() == 1 && has(found[0].value) ? found[0].value : '')[0]";

/// Without what people put between the words.
fn plain(text: &str) -> String {
    format!("{text}.lowerAscii().replace('-', '').replace('_', '').replace('.', '').replace(' ', '')")
}

/// Cookies that anybody tries, with what the app itself is called.
fn guessable() -> String {
    let own = "[has(variables.workload.metadata.name) ? variables.workload.metadata.name : '', dyn(variables.name.split('@')[0])]";
    format!("{} +\n{own}.map(own, {})", list(WELL_KNOWN_COOKIES), plain("own"))
}

/// Whether nothing in the object gives a release its cookie, and no `envFrom` may.
const LEAVES_COOKIE: &str = "\
variables.startsRelease && !variables.hasEnvFrom &&
!variables.names.exists(n, n == 'RELEASE_COOKIE' || n.matches('^(RELX_|REPLACE_OS_VARS|ERL_DIST_PORT|VMARGS_PATH)')) &&
variables.env.all(e, !(e.name in variables.flagVariables) || has(e.value) && !e.value.contains('cookie')) &&
!variables.words.lowerAscii().contains('cookie') && !(has(variables.container.volumeMounts) &&
  variables.container.volumeMounts.exists(m, m.mountPath.lowerAscii().contains('cookie')))";

const WAS_OPTED_IN: &str = "\
oldObject != null && has(variables.oldPod.metadata) && has(variables.oldPod.metadata.labels) &&
'beamgate.dev/strategy' in variables.oldPod.metadata.labels";

/// Whether the object may have had a fault already: it is not plainly clean. An old fault is never denied, nor what was hidden by one.
const MAY_BE_OLD: &str = "variables.wasOptedIn && !variables.oldIsClean";

const IGNORE: &str = "\
[variables.workload, variables.pod].map(o,
  has(o.metadata) && has(o.metadata.annotations) && 'beamgate.dev/ignore' in o.metadata.annotations ?
  o.metadata.annotations['beamgate.dev/ignore'].lowerAscii() : '').join(' ')";
