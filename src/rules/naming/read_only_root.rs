//! # read-only-root (BG120)
//!
//! The container's file system is read-only, and there is no other place for what a release writes when it starts. One with a
//! `config/runtime.exs`, as Phoenix generates it, writes its configuration to `RELEASE_TMP`, which is `tmp` beside `bin` unless it is
//! set.
//!
//! ## At run time
//!
//! `ERROR: Cannot start release because it could not write /app/tmp/cart-1.0.0-20260101120000-9a1c.runtime.config`, and the pod
//! restarts for ever.
//!
//! ## Example
//!
//! ```yaml
//! containers:
//!   - name: cart
//!     command: ["/app/bin/cart", "start"]
//!     securityContext:
//!       readOnlyRootFilesystem: true
//! ```
//!
//! ## Fix
//!
//! An empty volume, and its path in `RELEASE_TMP`:
//!
//! ```yaml
//!     env:
//!       - name: RELEASE_TMP
//!         value: /tmp
//!     volumeMounts:
//!       - name: release-tmp
//!         mountPath: /tmp
//! volumes:
//!   - name: release-tmp
//!     emptyDir: {}
//! ```
//!
//! A release without `config/runtime.exs` writes nothing when it starts, and this may be ignored. Where it is not clear in which
//! folder the release lies, any volume that ends in `/tmp` and is not `/tmp` itself is taken for its own.
//!
//! ## Facts
//!
//! Elixir's `release.init.ex`, `export_release_sys_config`: only where `sys.config` says `RUNTIME_CONFIG=true`. On Kubernetes 1.35 a
//! release without it forms, with everything read-only.
//!
//! Not proven here: The app of the proofs has no `config/runtime.exs`, so it writes nothing.

use crate::fix::change::{Change, Tree};
use crate::name::env::Lookup;
use crate::name::launcher::is_start_script;
use crate::rules::env::EnvList;
use crate::rules::finding::{Effect, Findings, Safety, Severity};
use crate::rules::trust::is_mix_release;
use crate::rules::{Cel, Check, Mends, Rule};
use crate::symptom::Symptom;
use crate::trace::Trace;
use crate::world::mounted::is_within;
use crate::world::pod::Container;

pub(super) static RULE: Rule = Rule {
    code: 120,
    slug: "read-only-root",
    severity: Severity::Warning,
    effect: Effect::Breaks,
    mends: Mends::Program(Safety::Safe),
    summary: "a release that writes its configuration has no place for it",
    source: include_str!("read_only_root.rs"),
    check: Check::Trace(check),
    cel: Cel::Not("it needs to know what starts a mix release, and where"),
};

const TMP: &str = "RELEASE_TMP";

fn check(trace: &Trace<'_>, found: &mut Findings) {
    let (Some(naming), Some(container)) = (&trace.naming, trace.container) else { return };
    if !container.read_only_root || !is_mix_release(trace) {
        return;
    }
    let folder = match naming.env.lookup(TMP) {
        Lookup::Set(var) if var.value.is_empty() => default_folder(container),
        Lookup::Set(var) => var.value.literal(),
        Lookup::Unset => default_folder(container),
        Lookup::Open(_) => return,
    };
    let has_place = match &folder {
        Some(folder) => is_mounted(container, folder),
        None if trace.env.get(TMP).is_some() => return,
        None => container.volume_mounts.iter().any(|mount| mount.path.ends_with("/tmp") && mount.path != "/tmp"),
    };
    if has_place {
        return;
    }
    let written = folder.unwrap_or_else(|| "tmp of the release".to_owned());
    let at = container.at.key("securityContext").key("readOnlyRootFilesystem").of(trace.object.id);
    found
        .suspect(&RULE, format!("the root is read-only, and the release may have to write to {written}"))
        .label(at, "nothing can be written")
        .symptom(Symptom::CannotWrite(written))
        .note("unless the release has no `config/runtime.exs`")
        .fix(Safety::Safe, format!("give it an empty volume, and set {TMP} to that"))
        .changes(give_place(trace, container));
}

/// `tmp` beside the `bin` in which the start script lies, where the command says that.
fn default_folder(container: &Container) -> Option<String> {
    let script = container.command.iter().chain(&container.args).find(|word| is_start_script(word))?;
    let (root, _) = script.rsplit_once("/bin/")?;
    Some(format!("{root}/tmp"))
}

/// Whether there is a volume at a path, or above it.
fn is_mounted(container: &Container, path: &str) -> bool {
    container.volume_mounts.iter().any(|mount| is_within(&mount.path, path))
}

/// `RELEASE_TMP`, and a volume there unless there is one already.
fn give_place(trace: &Trace<'_>, container: &Container) -> Vec<Change> {
    let Some(env) = EnvList::of(trace) else { return Vec::new() };
    let mut changes = match trace.env.get(TMP) {
        Some(_) => env.set(TMP, PLACE),
        None => vec![env.add(TMP, PLACE, None)],
    };
    if !is_mounted(container, PLACE) {
        let at = |list: &'static str| container.at.key(list).of(trace.object.id);
        let mount = Tree::pairs([("name", VOLUME), ("mountPath", PLACE)]);
        changes.push(Change::Insert { list: at("volumeMounts"), index: usize::MAX, item: mount });
        let volume = Tree::map([("name", Tree::from(VOLUME)), ("emptyDir", Tree::Map(Vec::new()))]);
        changes.push(Change::Insert { list: trace.at_pod_spec(&["volumes"]), index: usize::MAX, item: volume });
    }
    changes
}

const PLACE: &str = "/tmp";
const VOLUME: &str = "release-tmp";
