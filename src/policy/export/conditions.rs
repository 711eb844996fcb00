//! Whom a policy is about: the same as the webhook's registrations say, and what the webhook itself lets pass.

use super::Profile;
use super::yaml::cel;
use crate::policy::admission::Exempt;
use crate::policy::config::AppConfig;
use crate::trace::container::SERVERS;
use crate::world::facts::NEVER_ASKED;

/// A match condition: its name and its expression.
pub(super) type Condition = (String, String);

/// The pods of whatever the object is.
const POD: &str = "\
[dyn(object)].map(o, request.kind.kind == 'Pod' ? o :
  request.kind.kind == 'CronJob' ? o.spec.jobTemplate.spec.template : o.spec.template)";

/// Those of a workload that is judged.
pub(super) fn of_a_workload(profile: &Profile<'_>) -> Vec<Condition> {
    let mut all = vec![
        named(
            "declares-a-strategy",
            format!(
                "{POD}\n.exists(pod, has(pod.metadata) && has(pod.metadata.labels) && 'beamgate.dev/strategy' in pod.metadata.labels)"
            ),
        ),
        named("stays", "!has(object.metadata.deletionTimestamp)"),
        named("is-nobodys", IS_NOBODYS),
        named("is-no-runner", IS_NO_RUNNER),
        runs_no_other_server(),
    ];
    all.extend(not_exempt(profile));
    all.extend(not_in_the_file(profile));
    all
}

/// Those of a pod that is given its name.
pub(super) fn of_a_pod(profile: &Profile<'_>) -> Vec<Condition> {
    let mut all = vec![named("is-of-a-usual-size", IS_OF_A_USUAL_SIZE), runs_no_other_server()];
    let exempt: Vec<String> = profile.config.webhook.left_out().map(|namespace| cel(&namespace)).collect();
    if !exempt.is_empty() {
        all.push(named("is-not-exempt", format!("!(request.namespace in [{}])", exempt.join(", "))));
    }
    all.extend(not_in_the_file(profile));
    all
}

/// The selector of namespaces in which nothing is ever asked.
pub(super) fn namespaces() -> String {
    format!(
        "namespaceSelector:\n  matchExpressions:\n    - key: kubernetes.io/metadata.name\n      operator: NotIn\n      values: [{}]",
        NEVER_ASKED.join(", ")
    )
}

/// Beyond it, the expressions below would cost more than the API server allows, and the pod would be refused.
const IS_OF_A_USUAL_SIZE: &str = "object.spec.containers.map(c, has(c.env) ? c.env.size() : 0).sum() <= 5000";

/// What a controller makes is judged where the controller is.
const IS_NOBODYS: &str = "\
!(request.kind.kind in ['Pod', 'Job'] && has(object.metadata.ownerReferences) &&
  object.metadata.ownerReferences.exists(owner, has(owner.controller) && owner.controller))";

/// Pods that an app makes, with an account of its own namespace, are never denied.
const IS_NO_RUNNER: &str = "\
request.kind.kind != 'Pod' ||
!request.userInfo.username.startsWith('system:serviceaccount:' + request.namespace + ':')";

fn named(name: &str, expression: impl Into<String>) -> Condition {
    (name.to_owned(), expression.into())
}

fn runs_no_other_server() -> Condition {
    let servers = SERVERS.join("|");
    let expression = format!(
        "{POD}\n.all(pod, (pod.spec.containers + (has(pod.spec.initContainers) ? pod.spec.initContainers : []))\n  \
         .all(c, !has(c.image) || !c.image.matches('(^|/)({servers})[^/]*$')))"
    );
    named("clusters-not-by-itself", expression)
}

/// `[[webhook.exempt]]`.
fn not_exempt(profile: &Profile<'_>) -> Option<Condition> {
    let of = |exempt: &Exempt| {
        all_of(&[
            ("request.namespace", &exempt.namespace),
            ("request.name", &exempt.name),
            ("request.userInfo.username", &exempt.user),
        ])
    };
    none_of("is-not-exempt", profile.config.webhook.exempt.iter().filter_map(of))
}

/// `[[app]]` says of a workload what stands in none of its annotations, so no expression can know it.
fn not_in_the_file(profile: &Profile<'_>) -> Option<Condition> {
    let of = |app: &AppConfig| {
        let keys = [("request.name", &app.matches.name), ("request.namespace", &app.matches.namespace)];
        all_of(&keys).unwrap_or_else(|| "true".to_owned())
    };
    none_of("is-not-in-the-file", profile.config.app.iter().map(of))
}

/// Whether every key that is given matches; nothing where none is.
fn all_of(keys: &[(&str, &Option<String>)]) -> Option<String> {
    let given = keys.iter().filter_map(|(what, wanted)| Some(format!("{what} == {}", cel(wanted.as_ref()?))));
    let given: Vec<String> = given.collect();
    (!given.is_empty()).then(|| given.join(" && "))
}

/// One condition of all: a policy may have 64.
fn none_of(name: &str, all: impl Iterator<Item = String>) -> Option<Condition> {
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| named(name, format!("!({})", all.join(" ||\n  "))))
}
