//! Files, directories and streams to objects.
//!
//! [`load`] is the whole way: it walks the inputs, renders what has to be rendered, reads documents and hands every
//! object to a callback while its tree is alive. [`Input::locate`] finds the bytes of a symbolic place later on, by
//! reading that one document again.

mod behind;
pub mod comments;
pub mod document;
pub mod edit;
pub mod kustomize;
mod load;
mod locate;
mod plan;
pub mod read;
pub mod render;
pub mod resolve;
pub mod resource_list;
pub mod source;
pub mod template;
pub mod typing;
pub mod walk;
pub mod write;
pub mod yaml;

pub use behind::{Behind, Written};
pub use document::{Origin, Skipped};
pub use load::{Input, Notice, Options, Problem, RootInfo, SourceNote, WorldInput, load, reread};
pub use locate::Place;
pub use plan::Unrendered;
pub use render::Tools;
pub use source::Source;
