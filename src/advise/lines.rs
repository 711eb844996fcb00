//! What the app says for a strategy: the lines of its configuration, and of its release's script.

use std::fmt::Write as _;

use super::name::{dialled, source, variable};
use super::{Candidate, Naming, is_ipv6, speaks_ipv6};
use crate::name::template::{Part, Sym, Template};
use crate::trace::Trace;
use crate::world::declared::Key;
use crate::world::facts::Facts;

/// What has to be written where beamgate writes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// For `config/runtime.exs`, below its `import Config`.
    pub runtime_exs: String,
    /// For `rel/env.sh.eex`; none where what is there does already.
    pub env_sh: Option<String>,
    /// Among the `deps` of `mix.exs`.
    pub mix_exs: &'static str,
    /// Among the children of the app's supervisor, if anything has to be.
    pub child: Option<String>,
}

/// The lines for a workload that declares a candidate.
pub fn lines(trace: &Trace<'_>, candidate: Candidate, naming: Naming) -> Lines {
    let config = Config { trace };
    let (runtime_exs, mix_exs, child) = match candidate.strategy {
        "DNSCluster" => {
            let app = trace.own_base().and_then(|base| base.literal()).unwrap_or_else(|| trace.object.name.clone());
            let app = atom(&app);
            let query = format!("config {app}, :dns_cluster_query, {}\n", config.text(Key::Service));
            let child = format!("{{DNSCluster, query: Application.get_env({app}, :dns_cluster_query) || :ignore}}");
            (query, "{:dns_cluster, \"~> 0.2\"}", Some(child))
        }
        "Peerage" => (config.peerage(), "{:peerage, \"~> 1.0\"}", None),
        _ => {
            let topologies = "Application.get_env(:libcluster, :topologies, [])";
            let child = format!("{{Cluster.Supervisor, [{topologies}, [name: ClusterSupervisor]]}}");
            (config.libcluster(candidate), "{:libcluster, \"~> 3.5\"}", Some(child))
        }
    };
    Lines { runtime_exs, env_sh: env_sh(trace, naming), mix_exs, child }
}

struct Config<'t, 'w> {
    trace: &'t Trace<'w>,
}

impl Config<'_, '_> {
    fn libcluster(&self, candidate: Candidate) -> String {
        let options = match candidate.strategy {
            "Kubernetes" => self.kubernetes(candidate),
            "Kubernetes.DNSSRV" => vec![
                ("service", self.text(Key::Service)),
                ("application_name", self.text(Key::Basename)),
                ("namespace", self.namespace()),
            ],
            "DNSPoll" => vec![("query", self.text(Key::Service)), ("node_basename", self.text(Key::Basename))],
            _ => vec![("service", self.text(Key::Service)), ("application_name", self.text(Key::Basename))],
        };
        let options: Vec<String> = options.into_iter().map(|(key, value)| format!("        {key}: {value}")).collect();
        format!(
            "config :libcluster,\n  topologies: [\n    k8s: [\n      strategy: Cluster.Strategy.{},\n      config: [\n{}\n      ]\n    ]\n  ]\n",
            candidate.strategy,
            options.join(",\n")
        )
    }

    fn kubernetes(&self, candidate: Candidate) -> Vec<(&'static str, String)> {
        let word = |word: Option<&str>| format!(":{}", word.unwrap_or_default());
        let mut options = vec![
            ("mode", word(candidate.mode)),
            ("kubernetes_ip_lookup_mode", word(candidate.lookup)),
            ("kubernetes_node_basename", self.text(Key::Basename)),
            ("kubernetes_selector", self.text(Key::Selector)),
        ];
        if candidate.mode == Some("hostname") {
            options.push(("kubernetes_service_name", self.text(Key::Service)));
        }
        if self.trace.key(Key::Namespace).is_some() {
            options.push(("kubernetes_namespace", self.text(Key::Namespace)));
        }
        let domain = self.domain();
        if let Some(name) = domain.strip_suffix(".local").filter(|_| domain != Facts::default().cluster_domain) {
            options.push(("kubernetes_cluster_name", quoted(name)));
        }
        options
    }

    fn peerage(&self) -> String {
        let (query, basename) = (self.text(Key::Service), self.text(Key::Basename));
        format!("config :peerage,\n  via: Peerage.Via.Dns,\n  dns_name: {query},\n  app_name: {basename}\n")
    }

    /// An option of the declaration as Elixir says it: `$(VAR)` is read when the app boots.
    fn text(&self, key: Key) -> String {
        quoted(self.trace.key(key).map_or("", |option| option.value.trim()))
    }

    fn namespace(&self) -> String {
        if self.trace.key(Key::Namespace).is_some() {
            return self.text(Key::Namespace);
        }
        let holder = crate::name::spelling::holder(Sym::Namespace, &self.trace.env, None);
        match (holder, &self.trace.object.namespace) {
            (None, Some(namespace)) => quoted(namespace),
            (holder, _) => quoted(&format!("$({})", holder.unwrap_or("MY_POD_NAMESPACE"))),
        }
    }

    fn domain(&self) -> &str {
        let declared = self.trace.key(Key::ClusterDomain).map(|option| option.value.trim());
        declared.unwrap_or(&self.trace.world.facts.cluster_domain).trim_matches('.')
    }
}

/// A string of Elixir's. A reference alone is the variable itself.
fn quoted(text: &str) -> String {
    let fetch = |name: &str| format!("System.fetch_env!(\"{name}\")");
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, name, after)) = reference(rest) {
        if before.is_empty() && after.is_empty() && out.is_empty() {
            return fetch(name);
        }
        let _ = write!(out, "{}#{{{}}}", escaped(before), fetch(name));
        rest = after;
    }
    format!("\"{out}{}\"", escaped(rest))
}

/// The first `$(NAME)` of a text, and what stands around it.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("$(")?;
    let (name, after) = rest.split_once(')')?;
    Some((before, name, after))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("#{", "\\#{")
}

/// `:cart`, `:"1st"`.
fn atom(name: &str) -> String {
    let name = name.replace('-', "_").to_lowercase();
    match name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
        true => format!(":{name}"),
        false => format!(":\"{name}\""),
    }
}

/// The script has the last word on the name, so it either leaves what the pod says, or says all of it.
fn env_sh(trace: &Trace<'_>, naming: Naming) -> Option<String> {
    let name = dialled(trace).filter(|_| naming != Naming::Image);
    let name = name.and_then(|name| shell(trace, &name));
    let mut lines = match (name, naming) {
        (Some(name), Naming::Pod) => format!(
            "export RELEASE_DISTRIBUTION=\"${{RELEASE_DISTRIBUTION:-name}}\"\nexport RELEASE_NODE=\"${{RELEASE_NODE:-{name}}}\"\n"
        ),
        (Some(name), _) => format!("export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=\"{name}\"\n"),
        (None, _) => String::new(),
    };
    if is_ipv6(trace) && !speaks_ipv6(trace) {
        lines += "export ERL_AFLAGS=\"-proto_dist inet6_tcp${ERL_AFLAGS:+ $ERL_AFLAGS}\"\n";
    }
    (!lines.is_empty()).then_some(lines)
}

/// A name as a shell makes it, between double quotes.
fn shell(trace: &Trace<'_>, name: &Template) -> Option<String> {
    let piece = |part: &Part| match part {
        Part::Lit(text) if !text.contains(['$', '`', '"', '\\', '}']) => Some(text.clone()),
        Part::Sym(Sym::PodIpDashed) => Some(format!("$(echo \"${}\" | tr . -)", variable(trace, Sym::PodIp)?)),
        Part::Sym(sym) => Some(format!("${{{}}}", variable(trace, source(*sym))?)),
        _ => None,
    };
    name.pieces().iter().map(|part| piece(&part.part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_when_the_app_boots() {
        for (text, elixir) in [
            ("cart", r#""cart""#),
            ("$(CART)", r#"System.fetch_env!("CART")"#),
            ("cart.$(NS).svc", r##""cart.#{System.fetch_env!("NS")}.svc""##),
            (r#"a "b" #{c} \"#, r##""a \"b\" \#{c} \\""##),
        ] {
            assert_eq!(quoted(text), elixir);
        }
        assert_eq!((atom("web-cart"), atom("1st")), (":web_cart".to_owned(), ":\"1st\"".to_owned()));
    }
}
