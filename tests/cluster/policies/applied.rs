//! What is applied is what is kept, and the API server finds nothing to say of its types.

use std::process::Command;

use serde_json::Value;

use crate::cluster;
use crate::parts::Seen;

pub(super) const HEAD: &str = "\
## What is applied

| object | type checking | applied once more |
|---|---|---|
";

pub(super) fn play(seen: &mut Seen) {
    let diff = cluster::feed(Command::new("kubectl").args(["diff", "-f", &super::folder()]), "");
    let drift = String::from_utf8_lossy(&diff.stdout).into_owned();
    seen.expect(diff.status.success(), format!("there is a difference: {drift}"));
    for name in ["beamgate-errors", "beamgate-warnings"] {
        cluster::until("the types are checked", || !checked(name).is_null());
        let warnings = &checked(name)["expressionWarnings"];
        seen.expect(warnings.is_null(), format!("{name}: {warnings}"));
        seen.row([&format!("ValidatingAdmissionPolicy `{name}`"), "no warnings", "no difference"]);
    }
    seen.row(["MutatingAdmissionPolicy `beamgate-names`", "none is done for this kind", "no difference"]);
}

fn checked(name: &str) -> Value {
    cluster::get(&["validatingadmissionpolicy", name])[0]["status"]["typeChecking"].clone()
}
