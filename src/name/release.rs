//! Which release of an app's project a container runs.
//!
//! The name of a release is that of its start script, and what `RELEASE_NAME` holds where nobody sets it (`release.init.ex`,
//! Elixir 1.14 to 1.21). Where neither is to be seen, the basename that is declared and the name of the image are asked. With
//! any doubt there is none: a file of another release would say things that are not so.

use std::sync::Arc;

use super::args_file::is_relx;
use super::env::{Env, Lookup, Scope};
use super::launcher::Launch;
use crate::world::declared::{Declared, Key, Sourced, projects_of};
use crate::world::pod::Container;
use crate::world::project::{Project, Release};
use crate::world::workload::Workload;

/// The release that a container runs.
pub(super) struct Picked {
    pub(super) release: Arc<Release>,
    /// Whether somebody said of which project it is.
    pub(super) is_said: bool,
}

/// What a workload says of the release that it runs.
#[derive(Debug, Default)]
struct Told {
    start_script: Option<String>,
    /// RELEASE_NAME, where the pod sets it; empty where its value is not known.
    release_name: Option<String>,
    basename: Option<String>,
    /// The last part of the image's path.
    image: Option<String>,
}

/// Picks the release that a container runs, if it is of a project that was given or found.
pub(super) fn picked(
    scope: Scope<'_>,
    workload: &Workload,
    container: &Container,
    launch: &Launch,
    env: &Env,
    keys: &[(Key, Sourced<String>)],
) -> Option<Picked> {
    let facts = &scope.world.facts;
    let mut projects: Vec<_> = projects_of(scope.object, facts).collect();
    // Whose source is said by the workload's name, nothing else is asked about.
    if let Some(own) = projects.iter().position(|sourced| sourced.is_said_by_name()) {
        projects = vec![projects.swap_remove(own)];
    }
    projects.first()?;
    let declares = Declared::is_there(scope.object, workload, facts);
    if !declares || !launch.program.may_be_a_release() || is_relx(env) {
        return None;
    }
    let told = Told::of(container, launch, env, keys);
    projects.into_iter().find_map(|sourced| {
        let picked = told.pick(&sourced.project, sourced.is_said_by_name());
        let release = picked.or(sourced.project.unread.as_ref())?;
        Some(Picked { release: release.clone(), is_said: sourced.is_said() })
    })
}

impl Told {
    fn of(container: &Container, launch: &Launch, env: &Env, keys: &[(Key, Sourced<String>)]) -> Self {
        let release_name = match env.lookup("RELEASE_NAME") {
            Lookup::Set(var) => Some(var.value.literal().unwrap_or_default()),
            Lookup::Open(_) => Some(String::new()),
            Lookup::Unset => None,
        };
        let basename = keys.iter().find(|(key, _)| *key == Key::Basename).map(|(_, declared)| declared.value.trim());
        Self {
            start_script: launch.start_script.clone(),
            release_name,
            basename: basename.filter(|name| !name.contains('$')).map(str::to_owned),
            image: container.image_name().map(str::to_owned),
        }
    }

    /// The only release of a project is that of a workload which bears the app's name, or of which somebody said by name that
    /// it is the app.
    fn pick<'p>(&self, project: &'p Project, is_said_by_name: bool) -> Option<&'p Arc<Release>> {
        let named = |name: &str| project.releases.iter().find(|release| is_same(&release.name, name));
        // What is run by its name is that and no other.
        if let Some(name) = self.start_script.as_ref().or(self.release_name.as_ref()) {
            return named(name);
        }
        let hints = || [&self.basename, &self.image].into_iter().flatten();
        let meant: Vec<_> = project.releases.iter().filter(|r| hints().any(|hint| is_same(&r.name, hint))).collect();
        let only = match project.releases.as_slice() {
            [only] => Some(only),
            _ => None,
        };
        match (meant.as_slice(), only) {
            ([one], _) => Some(one),
            ([], Some(only)) => {
                let is_app = |hint: &String| project.app.as_ref().is_some_and(|app| is_same(app, hint));
                (is_said_by_name || hints().any(is_app)).then_some(only)
            }
            _ => None,
        }
    }
}

/// A release called `my_app` is in an image called `my-app`.
fn is_same(release: &str, name: &str) -> bool {
    release.replace('-', "_") == name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(app: &str, releases: &[&str]) -> Project {
        let release = |name: &&str| Arc::new(Release { name: (*name).to_owned(), ..Release::default() });
        let app = (!app.is_empty()).then(|| app.to_owned());
        Project { name: "mix.exs".to_owned(), app, releases: releases.iter().map(release).collect(), unread: None }
    }

    fn told(start_script: &str, release_name: Option<&str>, basename: &str, image: &str) -> Told {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Told {
            start_script: some(start_script),
            release_name: release_name.map(str::to_owned),
            basename: some(basename).filter(|name| !name.contains('$')),
            image: some(image),
        }
    }

    fn pick(told: &Told, project: &Project, is_said_by_name: bool) -> Option<String> {
        told.pick(project, is_said_by_name).map(|release| release.name.clone())
    }

    #[test]
    fn what_is_run_by_its_name_is_that_release_and_no_other() {
        let shop = project("shop", &["web", "jobs"]);
        let said = |told: Told| pick(&told, &shop, true);
        assert_eq!(said(told("jobs", None, "web", "web")).as_deref(), Some("jobs"));
        assert_eq!(said(told("till", None, "web", "web")), None);
        assert_eq!(said(told("", Some("web"), "jobs", "")).as_deref(), Some("web"));
        assert_eq!(said(told("", Some(""), "jobs", "")), None, "RELEASE_NAME is not known");
    }

    #[test]
    fn a_hint_counts_where_there_is_but_one() {
        let shop = project("shop", &["web", "jobs"]);
        let found = |told: Told| pick(&told, &shop, false);
        assert_eq!(found(told("", None, "web", "acme")).as_deref(), Some("web"));
        assert_eq!(found(told("", None, "", "jobs")).as_deref(), Some("jobs"));
        assert_eq!(found(told("", None, "web", "jobs")), None);
        assert_eq!(found(told("", None, "shop", "shop")), None, "which of the two");
    }

    #[test]
    fn the_only_release_is_that_of_the_workload_that_bears_the_apps_name() {
        let cart = project("cart", &["prod"]);
        let found = |told: Told| pick(&told, &cart, false);
        assert_eq!(found(told("", None, "", "cart")).as_deref(), Some("prod"));
        assert_eq!(found(told("", None, "cart", "backend")).as_deref(), Some("prod"));
        assert_eq!(found(told("", None, "", "backend")), None);
        assert_eq!(found(told("", None, "", "")), None);
        assert_eq!(found(told("", None, "store", "backend")), None);
        assert_eq!(found(told("", None, "$(APP)", "backend")), None);
        assert_eq!(pick(&told("", None, "store", "backend"), &cart, true).as_deref(), Some("prod"));
        let my_app = project("my_app", &["prod"]);
        assert_eq!(pick(&told("", None, "", "my-app"), &my_app, false).as_deref(), Some("prod"));
    }
}
