//! The plan as it is sent: a JSON Patch, or nothing and why.

use ::json_patch::Patch;
use serde_json::Value as Json;

use super::{Plan, warning};
use crate::fix::json_patch;
use crate::world::facts::Facts;
use crate::world::node::Node;
use crate::world::object::Object;
use crate::world::workload::Workload;

/// A plan and the patch that it comes to.
#[derive(Debug)]
pub struct Sent {
    /// What is done and said; nothing is done where no patch can be made.
    pub plan: Plan,
    /// The patch of the object; none where nothing is done.
    pub patch: Option<Patch>,
}

impl Sent {
    /// Plans what a pod, or the pods of a workload, are to get, and makes a patch of it. `root` is the object as it was read.
    pub fn of(root: &Node<'_>, object: &Object, workload: &Workload, facts: &Facts) -> Self {
        let plan = Plan::of(object, workload, facts);
        if plan.is_empty() {
            return Self { plan, patch: None };
        }
        match json_patch::patch(root, &workload.template, &plan.edits) {
            Ok(patch) => Self { plan, patch: Some(patch) },
            Err(error) => Self::in_vain(plan, &error.to_string()),
        }
    }

    /// The object as the patch leaves it. One that does not apply, though it did to what was read, changes nothing.
    pub fn apply(&mut self, object: &Json) -> Json {
        let mut after = object.clone();
        if let Some(patch) = &self.patch
            && let Err(error) = ::json_patch::patch(&mut after, patch)
        {
            *self = Self::in_vain(std::mem::take(&mut self.plan), &error.to_string());
        }
        after
    }

    /// What is left of a plan that cannot be carried out: what it warns of, and why.
    fn in_vain(plan: Plan, why: &str) -> Self {
        let mut warnings = plan.warnings;
        warnings.push(warning(None, &format!("beamgate injects nothing: {why}")));
        Self { plan: Plan { warnings, why: Some(why.to_owned()), ..Plan::default() }, patch: None }
    }
}
