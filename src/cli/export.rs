//! `beamgate export`: the rules and the injector as Kubernetes' own policies.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::policy::config::Policy;
use crate::policy::export::{Export, Version};

/// The arguments of `beamgate export`.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// What to export: the rules that one object decides, as a ValidatingAdmissionPolicy (vap), or the names of plain pods, as a
    /// MutatingAdmissionPolicy (map).
    #[arg(value_enum, value_name = "vap|map", hide_possible_values = true)]
    what: What,

    /// The configuration: its severities, its exemptions and what namespaces without a label get go into the policies
    /// [default: an empty one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The version of the cluster. A MutatingAdmissionPolicy is in v1beta1 until 1.35, and in v1 from 1.36 on.
    #[arg(long, value_name = "VERSION", default_value_t = Version::DEFAULT)]
    kubernetes: Version,

    /// For clusters on which nothing ever injects: to refer to a variable that is defined further down, or to one that the
    /// injector would add, is a fault then. Without it, such pods pass, since the webhook mends them.
    #[arg(long)]
    without_injector: bool,

    /// What the names of the policies and of their bindings begin with.
    #[arg(long, value_name = "NAME", default_value = "beamgate", value_parser = object_name)]
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    Vap,
    Map,
}

pub(super) fn run(args: &ExportArgs, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let policy = match &args.config {
        Some(file) => Policy::read(file)?,
        None => Policy::default(),
    };
    let (kubernetes, name, injector) = (args.kubernetes, args.name.as_str(), !args.without_injector);
    let export = Export { policy: &policy, kubernetes, name, injector };
    let text = match args.what {
        What::Vap => export.validating()?,
        What::Map => export.mutating()?,
    };
    out.write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What `metadata.name` may begin with.
fn object_name(text: &str) -> Result<String, String> {
    let is_label = text.len() <= 63 && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    match is_label && text.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => Ok(text.to_owned()),
        false => Err("a lower-case letter, then lower-case letters, digits and `-`, 63 at most".to_owned()),
    }
}
