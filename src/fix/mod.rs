//! Changes, said symbolically, and what makes them.
//!
//! Those of a pod ([`Edit`]) are made in the world's model ([`model`]) and in JSON ([`json_patch`]); whoever plans knows no JSON, and
//! both back-ends do the same to what they are given: that is tested. Those of any object ([`change`]) are a rule's; in files they are
//! made by [`manifest::edit`](crate::manifest::edit).
//!
//! What a node is to be called, of which variables, and what those are bound to is decided once, in
//! [`spelling`](crate::name::spelling), and one function says what a variable looks like ([`change::Tree::variable`]). What BG116
//! writes into a file is the difference between what is written and what the plan of the webhook makes of it, so both come to the
//! same list: that is tested too. They differ in where a name goes that only a file gets: beside what it is made of, where people
//! would look for it, and not around all that was written.

pub mod change;
pub mod json_patch;
pub mod model;

use crate::world::pod::EnvVar;

/// One change. Indices are those of the lists as the changes before it have left them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Puts a variable into a container's `env`.
    Insert {
        /// The container, by its index among the pod's as they are written.
        container: usize,
        /// The index that it will have.
        index: usize,
        /// The variable.
        var: EnvVar,
    },
    /// Moves a variable up.
    Move {
        /// The container.
        container: usize,
        /// Its index.
        from: usize,
        /// The index that it will have.
        to: usize,
    },
    /// Adds a volume, and before all others an init container that writes a name into it. Comes last.
    WriteName {
        /// The container whose image, and whose permissions, it has.
        like: usize,
        /// Its variables.
        env: Vec<EnvVar>,
    },
    /// Sets an annotation of the pod.
    Annotate {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
    },
}

/// What the init container runs. It puts the address with dashes where the template says so, in the format in which the kubelet
/// reads such files (`pkg/kubelet/util/env/env_util.go` of Kubernetes 1.35: `NAME='value'`), with nothing but a shell.
pub const WRITER_SCRIPT: &str = "\
mark='{pod-ip-dashed}'; IFS=.; set -- $MY_POD_IP; IFS=-; \
echo \"RELEASE_NODE='${NODE_NAME%%\"$mark\"*}$*${NODE_NAME#*\"$mark\"}'\" > /beamgate/node-name";

/// Where the init container has the volume.
pub const WRITER_MOUNT: &str = "/beamgate";

/// The file in it.
pub const WRITER_FILE: &str = "node-name";
