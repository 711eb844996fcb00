//! Whether two names are the same, character for character, in a pod of a certain identity.

use super::template::{Part, Sym, Template, Why};

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Same {
    /// In every pod.
    Yes,
    /// In no pod, or by accident only; they part after `common` characters of their [shown](Identity::show) forms.
    No {
        /// How many characters they share from the start.
        common: usize,
    },
    /// It depends on something that is not known.
    Open(Why),
}

/// What is known of a pod before it runs, so that different ways to say the same thing compare equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The namespace, where it is written.
    pub namespace: Option<String>,
    /// The DNS domain of the cluster.
    pub cluster_domain: String,
    /// The pod's name, where it is certain: of a bare pod, or of the only pod of a StatefulSet.
    pub pod_name: Option<String>,
    /// `spec.hostname`, where the template says it.
    pub hostname: Option<String>,
    /// What one of the pods may be called.
    pub example: String,
    /// With `setHostnameAsFQDN`, or an override, `hostname` prints something else than the pod's name.
    pub odd_hostname: bool,
    /// With `hostNetwork` the pod's address is the machine's, and so is its host name.
    pub host_network: bool,
}

/// A character or a symbol that stayed one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Char(char),
    Sym(Sym),
    Opaque(Why),
}

impl Identity {
    /// Compares two names.
    pub fn same(&self, a: &Template, b: &Template) -> Same {
        let (a, b) = (self.atoms(a), self.atoms(b));
        let known = |atoms: &[Atom]| !atoms.iter().any(|atom| matches!(atom, Atom::Opaque(_)));
        if known(&a) && known(&b) {
            return self.same_known(&a, &b);
        }
        // A part that is not known may be anything, so only what stands before and after all such parts can tell.
        if self.parts_in_the_open(a.iter(), b.iter()) || self.parts_in_the_open(a.iter().rev(), b.iter().rev()) {
            return Same::No { common: common(&a, &b) };
        }
        Same::Open(first_unknown(&a).or_else(|| first_unknown(&b)).unwrap_or(Why::Image))
    }

    /// The same name with the symbol where this pod's namespace is spelled out, so that it holds in every namespace.
    pub fn with_own_namespace(&self, name: &Template) -> Template {
        let Some(namespace) = &self.namespace else { return name.clone() };
        let mut general = Template::empty();
        for piece in name.pieces() {
            let zone = |zone: &str| match &piece.part {
                Part::Lit(text) => {
                    let wanted = format!("{namespace}.{zone}.");
                    // A name before it may end as the namespace does, or be the same.
                    let starts = |at: &usize| text[..*at].is_empty() || text[..*at].ends_with('.');
                    let mut found = text.rmatch_indices(&wanted).map(|(at, _)| at);
                    found.find(starts).map(|at| text.split_at(at))
                }
                _ => None,
            };
            match zone("svc").or_else(|| zone("pod")) {
                Some((before, rest)) => {
                    general.push_lit(before, &piece.at);
                    general.push_sym(Sym::Namespace, &piece.at);
                    general.push_lit(&rest[namespace.len()..], &piece.at);
                }
                None => general.push(piece.clone()),
            }
        }
        general
    }

    /// A template with everything filled in that this identity knows.
    pub fn show(&self, name: &Template) -> String {
        let mut shown = String::new();
        self.atoms(name).iter().for_each(|atom| atom.show_in(&mut shown));
        shown
    }

    /// A name as one of the pods may have it, for log lines: `cart@10.42.1.7`.
    pub fn example(&self, name: &Template) -> String {
        let atom = |atom: &Atom| match atom {
            Atom::Sym(Sym::PodIp | Sym::PodIps) => "10.42.1.7".to_owned(),
            Atom::Sym(Sym::PodIpDashed) => "10-42-1-7".to_owned(),
            Atom::Sym(Sym::HostIp) => "192.168.0.12".to_owned(),
            Atom::Sym(Sym::PodName | Sym::Hostname) => self.example.clone(),
            Atom::Sym(Sym::Namespace) => "default".to_owned(),
            Atom::Sym(Sym::NodeName) => "worker-1".to_owned(),
            Atom::Opaque(_) => "...".to_owned(),
            other => other.show(),
        };
        self.atoms(name).iter().map(atom).collect()
    }

    /// Whether a name has a part that each pod has for itself.
    pub fn differs_between_pods(&self, name: &Template) -> bool {
        self.atoms(name).iter().any(|atom| match atom {
            // A machine may run two replicas, but it need not.
            Atom::Sym(sym) => sym.differs_between_pods() || matches!(sym, Sym::HostIp | Sym::NodeName),
            Atom::Opaque(_) => true,
            Atom::Char(_) => false,
        })
    }

    fn same_known(&self, a: &[Atom], b: &[Atom]) -> Same {
        if a == b {
            return Same::Yes;
        }
        let common = common(a, b);
        // A namespace that is not written may well be the one that the other name spells out.
        let namespace = [a, b].into_iter().flatten().any(|atom| *atom == Atom::Sym(Sym::Namespace));
        if namespace && could_be_equal(a, b) {
            return Same::Open(Why::Field("metadata.namespace".to_owned()));
        }
        if [a, b].into_iter().flatten().any(|atom| *atom == Atom::Sym(Sym::PodIps)) && self.equal_on_one_family(a, b) {
            return Same::Open(Why::Field("status.podIPs".to_owned()));
        }
        Same::No { common }
    }

    fn equal_on_one_family(&self, a: &[Atom], b: &[Atom]) -> bool {
        let single = |atoms: &[Atom]| -> Vec<Atom> {
            let one = |atom: &Atom| if *atom == Atom::Sym(Sym::PodIps) { Atom::Sym(Sym::PodIp) } else { atom.clone() };
            atoms.iter().map(one).collect()
        };
        single(a) == single(b)
    }

    fn parts_in_the_open<'a>(&self, a: impl Iterator<Item = &'a Atom>, b: impl Iterator<Item = &'a Atom>) -> bool {
        for (a, b) in a.zip(b) {
            if matches!(a, Atom::Opaque(_)) || matches!(b, Atom::Opaque(_)) || a.may_be_long() || b.may_be_long() {
                return false;
            }
            if a != b {
                return true;
            }
        }
        false
    }

    fn atoms(&self, name: &Template) -> Vec<Atom> {
        let mut atoms = Vec::new();
        for piece in name.pieces() {
            match &piece.part {
                Part::Lit(text) | Part::Unexpanded(text, _) => atoms.extend(text.chars().map(Atom::Char)),
                Part::Sym(sym) => self.atoms_of(*sym, &mut atoms),
                Part::Opaque(why) => atoms.push(Atom::Opaque(why.clone())),
            }
        }
        atoms
    }

    fn atoms_of(&self, sym: Sym, atoms: &mut Vec<Atom>) {
        if sym == Sym::Hostname && self.odd_hostname {
            atoms.push(Atom::Opaque(Why::Field("the host name".to_owned())));
            return;
        }
        let known = match sym {
            Sym::Namespace => self.namespace.as_deref(),
            Sym::ClusterDomain => Some(self.cluster_domain.as_str()),
            Sym::PodName => self.pod_name.as_deref(),
            Sym::Hostname if !self.host_network => self.hostname.as_deref().or(self.pod_name.as_deref()),
            _ => None,
        };
        match known {
            Some(text) => atoms.extend(text.chars().map(Atom::Char)),
            None => atoms.push(Atom::Sym(match sym {
                Sym::HostIp if self.host_network => Sym::PodIp,
                // The kubelet calls a pod's host as the pod (`GeneratePodHostNameAndDomain`), the StatefulSet controller too.
                Sym::Hostname if !self.host_network => Sym::PodName,
                Sym::Hostname => Sym::NodeName,
                other => other,
            })),
        }
    }
}

impl Atom {
    fn show(&self) -> String {
        let mut shown = String::new();
        self.show_in(&mut shown);
        shown
    }

    fn show_in(&self, text: &mut String) {
        match self {
            Self::Char(c) => text.push(*c),
            Self::Sym(sym) => text.extend(["{", sym.name(), "}"]),
            Self::Opaque(_) => text.push_str("{?}"),
        }
    }

    /// An unwritten namespace stands for several characters, so nothing behind it lines up.
    fn may_be_long(&self) -> bool {
        matches!(self, Self::Sym(Sym::Namespace))
    }
}

fn first_unknown(atoms: &[Atom]) -> Option<Why> {
    atoms.iter().find_map(|atom| match atom {
        Atom::Opaque(why) => Some(why.clone()),
        _ => None,
    })
}

fn common(a: &[Atom], b: &[Atom]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).map(|(atom, _)| atom.show().chars().count()).sum()
}

/// Whether two names agree where one `{namespace}` of either stands for a DNS label of the other.
fn could_be_equal(a: &[Atom], b: &[Atom]) -> bool {
    let is_namespace = |atom: &Atom| *atom == Atom::Sym(Sym::Namespace);
    match (a.split_first(), b.split_first()) {
        (None, None) => true,
        (Some((first, a)), Some((second, b))) if first == second => could_be_equal(a, b),
        (Some((first, rest)), _) if is_namespace(first) => {
            label_lengths(b).any(|length| could_be_equal(rest, &b[length..]))
        }
        (_, Some((second, rest))) if is_namespace(second) => {
            label_lengths(a).any(|length| could_be_equal(&a[length..], rest))
        }
        _ => false,
    }
}

/// How many characters of a DNS label `atoms` may begin with.
fn label_lengths(atoms: &[Atom]) -> impl Iterator<Item = usize> {
    let is_label = |atom: &&Atom| matches!(atom, Atom::Char(c) if c.is_ascii_alphanumeric() || *c == '-');
    1..=atoms.iter().take_while(is_label).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::{Loc, ObjectId, Pointer};

    fn here() -> Loc {
        Pointer::root().of(ObjectId(0))
    }

    fn name(text: &str) -> Template {
        let mut name = Template::empty();
        for (index, part) in text.split("{?}").enumerate() {
            if index > 0 {
                name.append(&Template::opaque(Why::Image, &here()));
            }
            name.append(&Template::parse(part, &here()).unwrap());
        }
        name
    }

    fn same(identity: &Identity, a: &str, b: &str) -> Same {
        identity.same(&name(a), &name(b))
    }

    #[test]
    fn the_namespace_is_found_behind_a_name_that_ends_like_it() {
        let known =
            Identity { namespace: Some("svc".into()), cluster_domain: "cluster.local".into(), ..Identity::default() };
        for (written, general) in [
            ("a@{pod-name}.cart-svc.svc.svc.cluster.local", "a@{pod-name}.cart-svc.{namespace}.svc.cluster.local"),
            ("a@{pod-name}.svc.svc.svc.cluster.local", "a@{pod-name}.svc.{namespace}.svc.cluster.local"),
            ("a@10-0-0-7.svc.pod.cluster.local", "a@10-0-0-7.{namespace}.pod.cluster.local"),
            ("a@{pod-name}.cart.shop.svc.cluster.local", "a@{pod-name}.cart.shop.svc.cluster.local"),
        ] {
            assert_eq!(known.with_own_namespace(&name(written)).to_string(), name(general).to_string(), "{written}");
        }
    }

    #[test]
    fn names_are_equal_under_an_identity() {
        let known =
            Identity { namespace: Some("shop".into()), cluster_domain: "cluster.local".into(), ..Identity::default() };
        let unset = Identity { namespace: None, ..known.clone() };
        let alone = Identity { pod_name: Some("cart-0".into()), ..known.clone() };
        let host = Identity { host_network: true, ..known.clone() };
        let open = |why: Same| matches!(why, Same::Open(_));
        let no = |why: Same| matches!(why, Same::No { .. });

        assert_eq!(same(&known, "a@{pod-ip}", "a@{pod-ip}"), Same::Yes);
        assert_eq!(
            same(&known, "a@{pod-name}.c.{namespace}.svc.{cluster-domain}", "a@{hostname}.c.shop.svc.cluster.local"),
            Same::Yes
        );
        assert_eq!(same(&alone, "a@cart-0.c", "a@{pod-name}.c"), Same::Yes);
        assert_eq!(same(&host, "a@{host-ip}", "a@{pod-ip}"), Same::Yes);
        assert_eq!(same(&known, "a@{pod-ip}", "b@{pod-ip}"), Same::No { common: 0 });
        assert_eq!(same(&known, "a@{pod-ip}", "a@{pod-ip-dashed}"), Same::No { common: 2 });
        assert!(no(same(&known, "a@{namespace}", "a@market")));
        assert!(open(same(&unset, "a@{namespace}.x", "a@shop.x")));
        assert!(no(same(&unset, "a@{namespace}.x", "a@shop.y")));
        assert!(open(same(&known, "{?}@{pod-ip}", "a@{pod-ip}")));
        assert!(no(same(&known, "a@{?}", "b@{pod-ip}")));
        assert!(no(same(&known, "{?}@{pod-ip}", "a@{pod-name}")));
        assert!(open(same(&known, "a@{?}", "a@{pod-ip}")));
    }
}
