//! What of a cluster has a say in a judgement, read at once and kept by nobody.
//!
//! What may not be listed is a [`Gap`], and what rests on it is open. Secrets are not asked for.

use std::collections::BTreeSet;

use rayon::ThreadPoolBuilder;
use rayon::prelude::*;

use super::list::Found;
use super::{Cluster, ClusterError, Kind};
use crate::world::declared::{INJECTED, STRATEGY};
use crate::world::facts::{Kinds, Seen};
use crate::world::object::{Object, value_of};

/// How many lists are asked for at once.
const AT_ONCE: usize = 8;

/// Kinds whose own pods, or whose Jobs, are judged as theirs.
const CONTROLLERS: [&str; 7] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "CronJob", "Job"];

/// What was read.
#[derive(Debug, Default)]
pub struct Survey {
    /// The objects: no Secrets, nothing that another object of these makes.
    pub objects: Vec<Object>,
    /// The namespaces that were read; of all, those in which there is something.
    pub namespaces: BTreeSet<String>,
    /// Namespaces that were to be read and are not there.
    pub absent: BTreeSet<String>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
    /// Of which kinds everything is known where.
    pub seen: Seen,
    /// A pod into which the webhook has injected a name.
    pub injected: Option<String>,
}

/// A kind that was not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Where; none for all namespaces, or what is in none.
    pub namespace: Option<String>,
    /// The kind.
    pub kind: Kind,
    /// The one object that was asked for, where it is about that.
    pub name: Option<String>,
    /// Whether the server knows no such kind; else it may not be read.
    pub unknown: bool,
    /// What the API server says.
    pub why: String,
}

/// A list to ask for.
type Task<'t> = (Kind, Option<&'t str>);

impl Survey {
    /// Reads these namespaces, or all of them, and what is in none.
    ///
    /// # Errors
    /// The cluster is not reached, does not take the credentials, or is too slow.
    pub fn of(cluster: &Cluster, namespaces: Option<&[String]>) -> Result<Self, ClusterError> {
        let mut survey = Self::default();
        let everywhere: Vec<Task<'_>> = match namespaces {
            Some(_) => Vec::new(),
            None => Kind::IN_NAMESPACES.into_iter().chain([Kind::Namespace]).map(|kind| (kind, None)).collect(),
        };
        let in_none = Kind::IN_NONE.iter().map(|kind| (*kind, None));
        survey.take(cluster, everywhere.into_iter().chain(in_none).collect())?;
        if namespaces.is_none() {
            survey.conclude(None);
            let found = survey.objects.iter().filter_map(|object| object.namespace.clone());
            survey.namespaces = found.collect();
        }
        survey.read(cluster, namespaces.unwrap_or_default())?;
        Ok(survey)
    }

    /// Reads more namespaces.
    ///
    /// # Errors
    /// As [`Survey::of`].
    pub fn read(&mut self, cluster: &Cluster, namespaces: &[String]) -> Result<(), ClusterError> {
        let is_new = |name: &&String| !self.namespaces.contains(*name) && !self.absent.contains(*name);
        let mut there = Vec::new();
        for name in namespaces.iter().filter(is_new).cloned().collect::<BTreeSet<String>>() {
            match cluster.get(Kind::Namespace, None, &name) {
                Ok(None) => drop(self.absent.insert(name)),
                Ok(Some(found)) => {
                    self.objects.push(found.object);
                    there.push(name);
                }
                // Who may not read it may read what is in it.
                Err(error) if error.code() == Some(403) => there.push(name),
                Err(error) => return Err(error),
            }
        }
        let tasks = there.iter().flat_map(|name| Kind::IN_NAMESPACES.map(|kind| (kind, Some(name.as_str()))));
        self.take(cluster, tasks.collect())?;
        there.iter().for_each(|name| self.conclude(Some(name)));
        self.namespaces.extend(there);
        Ok(())
    }

    /// Reads single ConfigMaps, each by its namespace and name.
    ///
    /// # Errors
    /// As [`Survey::of`].
    pub fn read_config_maps(
        &mut self,
        cluster: &Cluster,
        names: &BTreeSet<(String, String)>,
    ) -> Result<(), ClusterError> {
        let mut hidden = BTreeSet::new();
        for (namespace, name) in names {
            match cluster.get(Kind::ConfigMap, Some(namespace), name) {
                Ok(found) => self.objects.extend(found.map(|found| found.object)),
                Err(error) => {
                    self.gaps.push(Gap::of(Kind::ConfigMap, Some(namespace), Some(name), error)?);
                    hidden.insert(namespace);
                }
            }
        }
        let whole = self.namespaces.iter().filter(|name| !hidden.contains(name));
        whole.for_each(|name| self.seen.list(Some(name), Kinds::CONFIG));
        Ok(())
    }

    fn take(&mut self, cluster: &Cluster, tasks: Vec<Task<'_>>) -> Result<(), ClusterError> {
        let Some((first, others)) = tasks.split_first() else { return Ok(()) };
        let ask = |task: &Task<'_>| {
            // Pods come by the thousand; of those that declare nothing there is nothing to say.
            let labels = (task.0 == Kind::Pod).then_some(STRATEGY);
            cluster.list(task.0, task.1, labels)
        };
        // Alone, so that what is wrong with the way there is found out once.
        let mut answers = vec![ask(first)];
        if !matches!(&answers[0], Err(error) if error.code().is_none()) {
            let pool = ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
            let pool = pool.map_err(|error| ClusterError::Runtime(std::io::Error::other(error)))?;
            answers.extend(pool.install(|| others.par_iter().with_max_len(1).map(ask).collect::<Vec<_>>()));
        }
        for ((kind, namespace), answer) in tasks.iter().copied().zip(answers) {
            match answer {
                Ok(found) => self.keep(kind, found),
                Err(error) => self.gaps.push(Gap::of(kind, namespace, None, error)?),
            }
        }
        Ok(())
    }

    fn keep(&mut self, kind: Kind, found: Vec<Found>) {
        for Found { object, controller, ended } in found {
            if kind == Kind::Pod && value_of(&object.annotations, INJECTED).is_some() {
                self.injected.get_or_insert_with(|| object.full_name());
            }
            let is_made =
                controller.is_some_and(|kind_of| kind == Kind::Pod || CONTROLLERS.contains(&kind_of.as_str()));
            if !ended && !is_made {
                self.objects.push(object);
            }
        }
    }

    /// Says of which groups of kinds everything is known.
    fn conclude(&mut self, namespace: Option<&str>) {
        for group in [Kinds::SERVICES, Kinds::RBAC, Kinds::NETWORK, Kinds::WORKLOADS] {
            let is_here = |gap: &Gap| gap.namespace.is_none() || gap.namespace.as_deref() == namespace;
            let mut gaps = self.gaps.iter().filter(|gap| gap.kind.group() == Some(group) && is_here(gap));
            // Of a kind that the server does not know there is nothing.
            match gaps.any(|gap| !gap.unknown) {
                true => self.seen.refuse(namespace, group),
                false => self.seen.list(namespace, group),
            }
        }
    }
}

impl Gap {
    /// What keeps from reading it; an error that keeps from reading anything is one.
    fn of(kind: Kind, namespace: Option<&str>, name: Option<&str>, error: ClusterError) -> Result<Self, ClusterError> {
        let unknown = match error.code() {
            Some(403) => false,
            Some(404) => true,
            _ => return Err(error),
        };
        let ClusterError::Api { why, .. } = error else { return Err(error) };
        let (namespace, name) = (namespace.map(str::to_owned), name.map(str::to_owned));
        Ok(Self { namespace, kind, name, unknown, why })
    }
}
