//! What whoever installs it wants to see, whatever the way: an app without a name forms, and a fault is noticed.

use serde_json::Value;

use super::drift::drift;
use super::exposure;
use crate::admission::{Given, labelled_pod, try_out};
use crate::app::{App, Kind, Strategy};
use crate::cluster::{self, until};
use crate::observe::Fate;
use crate::parts::Seen;
use crate::replicas;
use crate::stage::{self, Scene, judged};

/// The columns of [`works`].
pub(super) const HEAD: &str = "\
| installed with | the replicas | an app without a name | one with a fault | it may write | applied once more |
|---|---|---|---|---|---|
";

/// What comes of a workload with a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Denied,
    Warned,
}

/// Looks at what is installed by this manifest, and adds a row.
pub(super) fn works(title: &str, manifest: &str, fault: Fault, seen: &mut Seen) {
    let ready = replicas::ready();
    seen.expect(ready == 2, format!("{title}: {ready} replicas are ready"));
    seen.expect(is_restricted(), format!("{title}: the namespace does not enforce the restricted level"));
    until("the injector answers", || try_out(&labelled_pod("default")).is_ok());
    // While the app boots.
    let wrong = std::thread::scope(|scope| {
        let app = scope.spawn(|| forms(title));
        let drift = drift(manifest);
        [app.join().unwrap(), drift].concat()
    });
    seen.wrong.extend(wrong.into_iter().map(|what| format!("{title}: {what}")));
    let said = notices(title, fault, seen);
    seen.row([title, "two, ready", "injected, and forms", said, &exposure::writes(), "no difference"]);
}

fn is_restricted() -> bool {
    let namespace = &cluster::get(&["namespace", replicas::NAMESPACE])[0];
    namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
}

/// Puts an app on the cluster that says how its nodes find each other, and not what they are called; what is wrong then.
fn forms(title: &str) -> Vec<String> {
    let app = App::new(Strategy::Dns, Kind::Deployment).nameless();
    let scene = Scene { title: title.to_owned(), manifest: app.manifest(), ..Scene::default() };
    let outcome = stage::play(&[scene]).remove(0);
    let names: Vec<String> = judged(&outcome.workloads).flat_map(|one| outcome.names(one)).collect();
    let fate = outcome.fate();
    if fate == Fate::Forms && names == ["cart@{pod-ip}"] {
        return Vec::new();
    }
    vec![format!("an app without a name, whose nodes are called {names:?}: {fate} {:?}", outcome.refused)]
}

fn notices(title: &str, fault: Fault, seen: &mut Seen) -> &'static str {
    let answer = try_out(&misnamed());
    match fault {
        Fault::Denied => {
            let denied = answer.as_ref().is_err_and(|why| why.contains("denied the request") && why.contains("BG301"));
            seen.expect(denied, format!("{title}: a fault is not denied: {:?}", answer.map(|given| given.warnings)));
            "denied with BG301"
        }
        Fault::Warned => {
            let warned = |given: &Given| given.warnings.iter().any(|line| line.starts_with("BG301"));
            let holds = answer.as_ref().is_ok_and(warned);
            seen.expect(holds, format!("{title}: a fault is not warned of: {:?}", answer.map(|given| given.warnings)));
            "admitted, and warned of BG301"
        }
    }
}

/// A workload whose nodes call themselves otherwise than their peers do.
pub(super) fn misnamed() -> Value {
    elsewhere(App::new(Strategy::Dns, Kind::Deployment).misnamed().workload())
}

/// The same object in a namespace that is always there.
pub(super) fn elsewhere(object: &Value) -> Value {
    serde_json::from_str(&stage::moved(&object.to_string(), "default")).unwrap()
}
