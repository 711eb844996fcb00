//! What the VM makes of a name as it is written: it adds the host that is missing, or refuses the name.

use super::boot::{Boot, Crash};
use super::template::{Part, Piece, Sym, Template, Why};
use crate::world::workload::Workload;

/// What the pod gives to a name without a host.
pub(super) struct Pod {
    fqdn: Option<String>,
    /// What the VM takes for its host: what `hostname` prints, up to the first dot (`inet_config.erl` of OTP 25.2.3).
    host: Part,
    host_network: bool,
}

impl Pod {
    pub(super) fn of(workload: &Workload) -> Self {
        let template = &workload.template;
        // Without a `hostname` of its own a pod is called as itself; with a subdomain, /etc/hosts holds its FQDN
        // (`pkg/kubelet/kubelet_pods.go`, `managedHostsFileContent`), and the VM completes a name from it.
        let subdomain = workload.subdomain().filter(|_| template.hostname_override.is_none());
        let host = match (template.hostname_as_fqdn, workload.hostname()) {
            (true, Some(own)) => Part::Lit(own.to_owned()),
            (true, None) => Part::Sym(Sym::PodName),
            (false, _) => Part::Sym(Sym::Hostname),
        };
        Self { fqdn: subdomain.map(str::to_owned), host, host_network: template.host_network }
    }
}

/// The full name that the VM makes of a name, with long or short names or whichever of the two the image chooses.
pub(super) fn complete(name: &Template, long: Option<bool>, pod: &Pod) -> Boot {
    let words = name.words();
    let [name] = words.as_slice() else { return Boot::Crash(Crash::Words) };
    if falls_apart(name) {
        return Boot::Crash(Crash::Words);
    }
    let Some((base, host)) = name.split_once('@') else {
        if let Some(why) = name.unknown() {
            return Boot::Opaque(why.clone());
        }
        return without_host(name, long, pod);
    };
    if host.contains('@') || !is_local_part(&base) {
        return Boot::Crash(Crash::InvalidName);
    }
    if host.is_empty() {
        return without_host(&base, long, pod);
    }
    if long == Some(false) && has_dots(&host) {
        return Boot::Crash(Crash::ShortName);
    }
    Boot::Named(name.clone())
}

/// The same of a name that has no host.
pub(super) fn without_host(base: &Template, long: Option<bool>, pod: &Pod) -> Boot {
    if !is_local_part(base) {
        // The host is looked for first (`net_kernel`'s `create_name/3`).
        let is_hostless = long == Some(true) && pod.fqdn.is_none() && !pod.host_network;
        return Boot::Crash(if is_hostless { Crash::LongName } else { Crash::InvalidName });
    }
    let Some(at) = base.pieces().first().map(|piece| piece.at.clone()) else { return Boot::Opaque(Why::Image) };
    let mut name = base.clone();
    name.push_lit("@", &at);
    match (long, &pod.fqdn) {
        (Some(false), _) => name.push(Piece { part: pod.host.clone(), at }),
        (None, _) => return Boot::Opaque(Why::Image),
        (Some(true), Some(subdomain)) if !pod.host_network => {
            name.push(Piece { part: pod.host.clone(), at: at.clone() });
            name.push_lit(&format!(".{subdomain}."), &at);
            name.push_sym(Sym::Namespace, &at);
            name.push_lit(".svc.", &at);
            name.push_sym(Sym::ClusterDomain, &at);
        }
        // The machine's own resolver decides what its FQDN is.
        (Some(true), _) if pod.host_network => return Boot::Opaque(Why::Field("the machine's FQDN".to_owned())),
        (Some(true), _) => return Boot::Crash(Crash::LongName),
    }
    Boot::Named(name)
}

/// The start script does not quote `$RELEASE_NODE`: white space around the name is lost, and within it parts it. A
/// reference that stays literal is one part here, and not to the shell.
fn falls_apart(name: &Template) -> bool {
    name.contains(' ') || name.contains('\t') || name.contains('\n')
}

/// `net_kernel`'s `^[0-9A-Za-z_\-]+$` (OTP 25.2.3, `valid_name_head/1`), where it can be known.
fn is_local_part(base: &Template) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !base.is_empty()
        && base.pieces().iter().all(|piece| match &piece.part {
            Part::Sym(Sym::PodIp | Sym::PodIps | Sym::HostIp) => false,
            part => part.text().is_none_or(|text| text.chars().all(allowed)),
        })
}

/// Whether a host certainly has a dot, which short names cannot have.
fn has_dots(host: &Template) -> bool {
    host.contains('.') || host.syms().any(|sym| matches!(sym, Sym::PodIp | Sym::PodIps | Sym::HostIp))
}
