//! Names: templates, the environment that fills them, and what a launcher makes of it.

pub mod args_file;
pub mod boot;
mod complete;
pub mod env;
pub mod flags;
pub mod inputs;
pub mod launcher;
mod livebook;
mod mounted;
pub(crate) mod placeholder;
mod release;
mod room;
pub mod same;
mod script;
pub mod shell;
pub mod spelling;
mod su;
pub mod template;
pub mod tokens;
pub mod vm_args;
mod wrapper;
