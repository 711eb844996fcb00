//! Pods far larger than any: the expressions stay within the API server's budget, and what happens beyond it.

use serde_json::{Value, json};

use crate::admission::{labelled_pod, try_out};
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## Large pods

Bare pods with containers of many variables, each of which refers to another. *Judged* is one whose RELEASE_NODE has references to
nobody, and is denied with BG105; *named* is one without RELEASE_NODE, that is given one. An expression that costs too much denies
nothing, and of more than 5,000 variables none is made that gives a name.

| pod | judged | named |
|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    for (containers, variables, references, fits) in [
        (1, 100, 1, true),
        (1, 1000, 1, true),
        (20, 50, 1, true),
        (20, 200, 1, true),
        (1, 5000, 1, true),
        (1, 1000, 30, true),
        (1, 5000, 300, false),
        (1, 25_000, 1, false),
    ] {
        let title = format!("{containers} × {variables} variables, {references} references");
        let judged = match try_out(&pod(containers, variables, Some(references))) {
            Err(why) if why.contains("BG105") => "yes".to_owned(),
            Ok(_) => "no, and admitted".to_owned(),
            Err(why) => format!("no: {why}"),
        };
        let named = match try_out(&pod(containers, variables, None)) {
            Ok(given) if given.object.to_string().contains("cart@$(MY_POD_IP)") => "yes".to_owned(),
            Ok(_) => "no, and admitted".to_owned(),
            Err(why) if why.contains("budget") || why.contains("cost") => "no, and refused".to_owned(),
            Err(why) => format!("no: {why}"),
        };
        seen.expect(!named.contains("refused"), format!("{title}: named {named}"));
        if fits {
            seen.expect(judged == "yes" && named == "yes", format!("{title}: judged {judged}, named {named}"));
        }
        seen.row([&title, &judged, &named]);
    }
}

/// The node's container is the first, which the annotation says; its variables refer to the one above them.
fn pod(containers: usize, variables: usize, references: Option<usize>) -> Value {
    let env = |first: bool| {
        let mut env: Vec<Value> = (0..variables)
            .map(|n| json!({"name": format!("VARIABLE_{n}"), "value": format!("something of $(VARIABLE_{})", n.max(1) - 1)}))
            .collect();
        if let Some(references) = references.filter(|_| first) {
            env.push(json!({"name": "RELEASE_DISTRIBUTION", "value": "name"}));
            env.push(json!({"name": "RELEASE_NODE", "value": format!("cart@{}", "$(NOBODY)".repeat(references))}));
        }
        env
    };
    let container =
        |n: usize| json!({"name": format!("c-{n}"), "image": format!("cluster-demo:{n}"), "env": env(n == 0)});
    let mut pod = labelled_pod("default");
    pod["metadata"]["annotations"]["beamgate.dev/container"] = json!("c-0");
    pod["spec"]["containers"] = (0..containers).map(container).collect();
    pod
}
