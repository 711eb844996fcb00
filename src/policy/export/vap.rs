//! The `ValidatingAdmissionPolicy`: the rules that one object decides.

use super::conditions;
use super::variables::{self, Variable};
use super::yaml::{Yaml, cel, quoted};
use super::{Class, Profile};
use crate::rules::Rule;
use crate::rules::cel::Condition;

/// A policy and its bindings. `ENFORCE` of a namespace says which of them counts there.
pub(super) fn documents(
    name: &str,
    profile: &Profile<'_>,
    class: Class,
    validations: &[(&'static Rule, &'static Condition)],
) -> Vec<String> {
    let name = format!("{name}-{}", class.name());
    let mut all = vec![policy(&name, profile, validations)];
    all.extend(bindings(&name, profile, class));
    all
}

fn policy(name: &str, profile: &Profile<'_>, validations: &[(&'static Rule, &'static Condition)]) -> String {
    let all: Vec<Validation> = validations.iter().map(|(rule, condition)| Validation::of(rule, condition)).collect();
    let texts = all.iter().flat_map(|one| [one.expression.as_str(), one.says.as_str()]);
    let needed = variables::needed(&variables::all(profile), texts);
    let mut yaml = Yaml::default();
    yaml.lines(HEAD.trim_end()).lines(&format!("metadata:\n  name: {name}{LABELS}\nspec:"));
    yaml.within(|yaml| {
        // An expression that fails, or costs too much, is no proof of a fault.
        yaml.lines("failurePolicy: Ignore\nmatchConstraints:");
        yaml.within(|yaml| _ = yaml.lines(RESOURCES).lines(&conditions::namespaces()).lines("objectSelector: {}"));
        let of_whom = conditions::of_a_workload(profile);
        yaml.named("matchConditions", of_whom.iter().map(|(name, expression)| (name.as_str(), expression.as_str())));
        yaml.named(
            "variables",
            needed.iter().map(|Variable { name, expression }| (name.as_str(), expression.as_str())),
        );
        yaml.lines("validations:").within(|yaml| all.iter().for_each(|one| one.write(yaml)));
        if all.is_empty() {
            yaml.lines(NOTHING);
        }
    });
    yaml.into_text()
}

const HEAD: &str = "\
# `beamgate export vap` prints this. docs/policies.md says what it denies, and what it misses.
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
";

/// A policy must have a validation. One that is left out would stay on the cluster as it was before.
const NOTHING: &str = "  # The configuration leaves no rule of this severity.\n  - expression: \"true\"";

const LABELS: &str = "\n  labels:\n    app.kubernetes.io/name: beamgate";

const RESOURCES: &str = "\
matchPolicy: Equivalent
resourceRules:
  - apiGroups: [apps]
    apiVersions: [v1]
    resources: [daemonsets, deployments, statefulsets]
    operations: [CREATE, UPDATE]
    scope: Namespaced
  - apiGroups: [batch]
    apiVersions: [v1]
    resources: [cronjobs, jobs]
    operations: [CREATE, UPDATE]
    scope: Namespaced
  - apiGroups: [\"\"]
    apiVersions: [v1]
    resources: [pods]
    operations: [CREATE]
    scope: Namespaced";

/// A validation as it is written.
struct Validation {
    /// Holds where there is nothing to say.
    expression: String,
    /// CEL that makes the message.
    says: String,
    /// The message where that fails.
    message: String,
}

impl Validation {
    fn of(rule: &Rule, condition: &Condition) -> Self {
        let (id, slug) = (rule.id(), rule.slug);
        let expression = format!(
            "!({}) || variables.mayBeOld ||\nvariables.ignore.contains('{}') || variables.ignore.contains('{slug}')",
            trimmed(condition.holds),
            id.to_lowercase(),
        );
        let title = format!("{id} {slug}: ");
        let more = format!(" ({})", rule.url());
        Self {
            expression,
            says: concatenation(&format!("{title}{}{more}", condition.says)),
            message: format!("{title}{}{more}", rule.summary),
        }
    }

    fn write(&self, yaml: &mut Yaml) {
        yaml.block("- expression", "").within(|yaml| {
            yaml.within(|yaml| _ = yaml.lines(&self.expression));
            yaml.lines(&format!("message: {}", quoted(&self.message)));
            yaml.block("messageExpression", &self.says);
        });
    }
}

/// Without the indentation that it has in the rule's file.
fn trimmed(expression: &str) -> String {
    let mut lines = expression.lines().map(str::trim);
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + "\n  " + line)
}

/// `'RELEASE_NODE is ' + variables.releaseNode` of `RELEASE_NODE is {variables.releaseNode}`.
fn concatenation(template: &str) -> String {
    let mut parts = Vec::new();
    for (number, piece) in template.split('{').enumerate() {
        match piece.split_once('}').filter(|_| number > 0) {
            Some((expression, text)) => parts.extend([expression.to_owned(), cel(text)]),
            None => parts.push(cel(piece)),
        }
    }
    parts.retain(|part| part != "''");
    parts.join(" + ")
}

fn bindings(name: &str, profile: &Profile<'_>, class: Class) -> Vec<String> {
    let label = |operator: &str, values: &str| {
        format!(
            "- key: beamgate.dev/enforce\n  operator: {operator}{}",
            if values.is_empty() { String::new() } else { format!("\n  values: [{values}]") }
        )
    };
    let exists = label("Exists", "");
    let mut all = vec![("unlabelled", class.default_action(profile.config), label("DoesNotExist", ""))];
    match class {
        Class::Errors => {
            all.push(("deny", "Deny", label("In", "deny, strict")));
            // A word that means nothing denies nothing.
            all.push(("warn", "Warn", format!("{exists}\n{}", label("NotIn", "\"off\", deny, strict"))));
        }
        Class::Warnings => all.push(("warn", "Warn", format!("{exists}\n{}", label("NotIn", "\"off\"")))),
    }
    all.into_iter().map(|(suffix, action, selector)| binding(name, suffix, action, &selector)).collect()
}

fn binding(policy: &str, suffix: &str, action: &str, selector: &str) -> String {
    let mut yaml = Yaml::default();
    yaml.lines("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding");
    yaml.lines(&format!("metadata:\n  name: {policy}-{suffix}{LABELS}\nspec:"));
    yaml.within(|yaml| {
        yaml.lines(&format!("policyName: {policy}\nvalidationActions: [{action}]\nmatchResources:"));
        yaml.within(|yaml| {
            yaml.lines("matchPolicy: Equivalent\nobjectSelector: {}\nnamespaceSelector:\n  matchExpressions:");
            yaml.within(|yaml| _ = yaml.within(|yaml| _ = yaml.lines(selector)));
        });
    });
    yaml.into_text()
}
