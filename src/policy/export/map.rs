//! The `MutatingAdmissionPolicy`: the name of a plain pod, as `inject` makes it, or nothing.

use super::variables::{self, Variable};
use super::yaml::Yaml;
use super::{Profile, conditions};
use crate::world::declared::STRATEGY;

/// The policy and its binding.
pub(super) fn documents(name: &str, profile: &Profile<'_>, version: &str) -> Vec<String> {
    let name = format!("{name}-names");
    vec![policy(&name, profile, version), binding(&name, version)]
}

/// What is added to the pod: a list of paths and values.
const ADDITIONS: &str = "additions";

fn policy(name: &str, profile: &Profile<'_>, version: &str) -> String {
    let of_names: Vec<Variable> = names().into_iter().map(|(name, text)| Variable::new(name, text)).collect();
    let texts: Vec<&str> = of_names.iter().map(|variable| variable.expression.as_str()).collect();
    let mut all = variables::needed(&variables::all(profile), texts.into_iter());
    all.extend(of_names);
    let mut yaml = Yaml::default();
    yaml.lines("# `beamgate export map` prints this. docs/policies.md says which pods are given a name, and which are left alone.");
    yaml.lines(&format!("apiVersion: admissionregistration.k8s.io/{version}\nkind: MutatingAdmissionPolicy"));
    yaml.lines(&format!("metadata:\n  name: {name}\n  labels:\n    app.kubernetes.io/name: beamgate\nspec:"));
    yaml.within(|yaml| {
        yaml.lines(FAILS).lines(
            "# A plugin that runs later may add what a name is made of. What has its name already is left alone.",
        );
        yaml.lines("reinvocationPolicy: IfNeeded\nmatchConstraints:");
        yaml.within(|yaml| {
            yaml.lines(RESOURCES).lines(&conditions::namespaces());
            yaml.lines(&format!("objectSelector:\n  matchExpressions:\n    - key: {STRATEGY}\n      operator: Exists"));
        });
        let of_whom = conditions::of_a_pod(profile);
        yaml.named("matchConditions", of_whom.iter().map(|(name, expression)| (name.as_str(), expression.as_str())));
        yaml.named("variables", all.iter().map(|Variable { name, expression }| (name.as_str(), expression.as_str())));
        yaml.lines("mutations:\n  - patchType: JSONPatch\n    jsonPatch:");
        yaml.within(|yaml| _ = yaml.within(|yaml| _ = yaml.within(|yaml| _ = yaml.block("expression", MUTATION))));
    });
    yaml.into_text()
}

fn binding(policy: &str, version: &str) -> String {
    format!(
        "apiVersion: admissionregistration.k8s.io/{version}\nkind: MutatingAdmissionPolicyBinding\nmetadata:\n  name: {policy}\n  \
         labels:\n    app.kubernetes.io/name: beamgate\nspec:\n  policyName: {policy}\n"
    )
}

const FAILS: &str = "\
# A pod that boots without its name joins nobody and says nothing, so it is rather not made at all. Whatever is not plain is left
# alone without an error, and so are pods of more than 5,000 variables, which would cost more than the API server allows.
failurePolicy: Fail";

const RESOURCES: &str = "\
matchPolicy: Equivalent
resourceRules:
  - apiGroups: [\"\"]
    apiVersions: [v1]
    resources: [pods]
    operations: [CREATE]
    scope: Namespaced";

const MUTATION: &str = "\
variables.additions.map(a, JSONPatch{op: \"add\", path: a.path, value: a.value})";

/// Variables about the name that is given, each below those that it is made of.
fn names() -> [(&'static str, &'static str); 9] {
    [
        ("index", "variables.spec.containers.map(c, c.name).indexOf(variables.container.name)"),
        ("dialsPodName", DIALS_POD_NAME),
        ("isPlain", IS_PLAIN),
        ("holders", HOLDERS),
        ("given", GIVEN),
        ("isFree", IS_FREE),
        ("node", NODE),
        ("path", "'/spec/containers/' + string(variables.index) + '/env'"),
        (ADDITIONS, ADDITIONS_TEXT),
    ]
}

/// A pod of a StatefulSet has its own name for a host name, under its governing Service.
const DIALS_POD_NAME: &str = "\
variables.dialsHostnames && !('beamgate.dev/cluster-domain' in variables.annotations) &&
variables.service.matches('^[a-z0-9-]+$') && has(variables.workload.metadata.name) &&
has(variables.spec.hostname) && variables.spec.hostname == variables.workload.metadata.name &&
has(variables.spec.subdomain) && variables.spec.subdomain == variables.service";

/// Whether the injector would do to the pod what is done here.
const IS_PLAIN: &str = r"variables.startsRelease && variables.index >= 0 && variables.basename.matches('^[A-Za-z0-9_-]+$') &&
(variables.dialsAddresses || variables.dialsPodName) &&
(variables.strategy != 'Kubernetes' || !('beamgate.dev/lookup' in variables.annotations) || variables.lookup in ['endpoints', 'pods']) &&
!variables.annotations.exists(key, key in ['beamgate.dev/node-name', 'beamgate.dev/inputs', 'beamgate.dev/injected']) &&
variables.spec.containers.all(c, !has(c.env) || c.env.all(e, e.name != 'RELEASE_NODE')) &&
variables.env.all(e, e.name != 'RELEASE_DISTRIBUTION' && !(e.name in variables.flagVariables) &&
  !(has(e.value) && e.value.matches(r'^(\$\([^)]*\))+$'))) &&
(!has(variables.container.envFrom) || variables.container.envFrom.all(f, has(f.prefix) && f.prefix != '' &&
  !'RELEASE_NODE'.startsWith(f.prefix) && !'RELEASE_DISTRIBUTION'.startsWith(f.prefix))) &&
(!has(variables.spec.initContainers) || variables.spec.initContainers.all(c,
  !has(c.image) || !has(variables.container.image) || c.image != variables.container.image))";

/// For each field that a script or the name asks for, the variable that holds it, or that will.
const HOLDERS: &str = "\
[['status.podIP', 'MY_POD_IP'], ['metadata.namespace', 'MY_POD_NAMESPACE'], ['metadata.name', 'MY_POD_NAME']].map(wanted,
  [variables.env.filter(e, has(e.valueFrom) && has(e.valueFrom.fieldRef) && e.valueFrom.fieldRef.fieldPath == wanted[0])].map(found,
    {'field': dyn(wanted[0]), 'name': found.size() > 0 ? found[0].name : wanted[1], 'isThere': dyn(found.size() > 0)})[0])";

/// Those that are put before all others.
const GIVEN: &str = "\
variables.holders.filter(h, !h.isThere && (h.field != 'metadata.name' || variables.dialsPodName && !variables.dialsAddresses))";

/// Whether a variable that will be given is not there, and one that is there is so once.
const IS_FREE: &str = "\
variables.given.all(h, !(h.name in variables.names)) &&
variables.holders.all(h, variables.names.indexOf(h.name) == variables.names.lastIndexOf(h.name))";

const NODE: &str = "\
variables.basename + '@$(' + (variables.dialsAddresses ? variables.holders[0].name + ')' :
  variables.holders[2].name + ').' + variables.service + '.$(' + variables.holders[1].name + ').svc.' + variables.clusterDomain)";

const ADDITIONS_TEXT: &str = "\
!variables.isPlain || !variables.isFree ? [] :
(variables.env.size() > 0 ? [] : [{'path': dyn(variables.path), 'value': dyn([])}]) +
['metadata.name', 'metadata.namespace', 'status.podIP'].map(field, variables.given.filter(h, h.field == field))
  .filter(found, found.size() > 0).map(found, {'path': dyn(variables.path + '/0'), 'value': dyn(
    {'name': dyn(found[0].name), 'valueFrom': dyn({'fieldRef': {'fieldPath': found[0].field}})})}) +
[
  {'path': dyn(variables.path + '/-'), 'value': dyn({'name': 'RELEASE_DISTRIBUTION', 'value': 'name'})},
  {'path': dyn(variables.path + '/-'), 'value': dyn({'name': 'RELEASE_NODE', 'value': variables.node})},
  {'path': dyn('/metadata/annotations/beamgate.dev~1injected'), 'value': dyn(variables.container.name + ': ' +
    (variables.given.map(h, h.name) + ['RELEASE_DISTRIBUTION', 'RELEASE_NODE']).join(' '))}
]";
