//! What is well and what is not, from what was found: pure, so that every illness can be tested without having it.

use std::fmt::Display;

use jiff::{Timestamp, ToSpan};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::cluster::installation::{Backends, DryRun, Registered, ServiceKey};

/// Whoever renews certificates has done so by then.
const SOON_DAYS: i64 = 7;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) state: State,
    /// What was seen.
    pub(super) what: String,
    /// What to do about it.
    pub(super) next: Option<String>,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Ok,
    /// It works, and somebody should know.
    Warn,
    Wrong,
}

impl Checked {
    fn ok(what: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), next: None }
    }

    fn warn(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: State::Warn, what: what.into(), next: Some(next.into()) }
    }

    fn wrong(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { state: State::Wrong, what: what.into(), next: Some(next.into()) }
    }
}

/// Whether both webhooks are registered, and trusted.
pub(super) fn registration(webhooks: &[Registered], now: Timestamp) -> Vec<Checked> {
    let install = "install it: `kubectl apply -k deploy/kustomize/base`";
    let mut all = Vec::new();
    if !webhooks.iter().any(|webhook| webhook.mutating) {
        all.push(Checked::wrong("no webhook of beamgate injects names into pods", install));
    }
    if !webhooks.iter().any(|webhook| !webhook.mutating) {
        all.push(Checked::warn("no webhook of beamgate judges workloads", install));
    }
    for webhook in webhooks {
        let title = format!("{} in {}", webhook.name, webhook.configuration);
        all.push(trust(webhook, &title, now));
        if webhook.mutating && !webhook.fails_closed {
            let what = format!("{title} has failurePolicy Ignore: while it is away, pods boot without their names");
            all.push(Checked::warn(
                what,
                "set `failurePolicy: Fail`; only pods that declare a strategy ever wait for it",
            ));
        }
    }
    all
}

fn trust(webhook: &Registered, title: &str, now: Timestamp) -> Checked {
    if webhook.service.is_none() {
        let next = "point it at the Service of this cluster";
        return Checked::warn(format!("{title} is answered from elsewhere, by URL: not looked at"), next);
    }
    let Some(bundle) = &webhook.ca_bundle else {
        let what = format!("{title} has no caBundle: the API server trusts nobody, and every call fails");
        let next = "look into the log of beamgate, which fills it in (self-managed), or of cert-manager's cainjector";
        return Checked::wrong(what, next);
    };
    let until: Vec<Timestamp> = pem_certificates(bundle).iter().filter_map(|der| not_after(der)).collect();
    match until.iter().max() {
        None => Checked::wrong(
            format!("{title} has a caBundle without a certificate"),
            "remove it, and it is filled in again",
        ),
        Some(last) => expiry(&format!("{title}: trusted until"), *last, now),
    }
}

/// Whether somebody answers.
pub(super) fn backends(service: &ServiceKey, backends: &Backends) -> Checked {
    let ServiceKey { namespace, name, .. } = service;
    let (ready, unready) = (backends.ready.len(), backends.unready);
    let look = format!("`kubectl describe pods -n {namespace}` says why");
    match (ready, unready) {
        (0, _) => Checked::wrong(format!("Service {namespace}/{name} has no pod that is ready"), look),
        (1, 0) => {
            let what =
                format!("Service {namespace}/{name} has one pod: while it restarts, labelled pods cannot be made");
            Checked::warn(what, format!("`kubectl scale -n {namespace} --replicas 2 deployment/{name}`"))
        }
        (_, 0) => Checked::ok(format!("Service {namespace}/{name}: {ready} pods are ready")),
        _ => Checked::warn(format!("Service {namespace}/{name}: {ready} pods are ready, {unready} are not"), look),
    }
}

/// Whether a pod shows a certificate that the API server takes.
pub(super) fn certificate(pod: &str, shown: Result<&[u8], &str>, now: Timestamp) -> Checked {
    match shown {
        Ok(leaf) => match not_after(leaf) {
            Some(until) => expiry(&format!("pod {pod} shows a certificate that is trusted until"), until, now),
            None => Checked::wrong(format!("pod {pod} shows a certificate that cannot be read"), "make it anew"),
        },
        Err(why) => {
            let what = format!("pod {pod} shows no certificate that the API server takes: {why}");
            Checked::wrong(what, "compare the pod's log with the caBundle of the webhooks")
        }
    }
}

/// Whether the API server reaches it.
pub(super) fn dry_run(made: &DryRun, namespace: &str) -> Checked {
    match made {
        DryRun::Injected => Checked::ok("a pod that was made in a dry run came back with its name"),
        DryRun::Untouched => Checked::wrong(
            format!("a pod that was made in a dry run in namespace `{namespace}` came back without a name"),
            "is the namespace left out by the webhook's `namespaceSelector`, or exempt by its configuration? `--namespace` tries another",
        ),
        DryRun::Refused(why) => {
            let what = format!("a pod that was made in a dry run in namespace `{namespace}` was refused: {why}");
            Checked::wrong(what, refused(why))
        }
    }
}

/// What the API server's words mean.
fn refused(why: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["x509", "certificate"]) {
        "the certificate is not the one that is trusted: see above"
    } else if says(&["deadline exceeded", "i/o timeout", "no route"]) {
        "the API server does not reach the pods: open the webhook's port to it in the firewall of the nodes"
    } else if says(&["connection refused", "no endpoints"]) {
        "nobody listens: see the pods above"
    } else if says(&["cannot create"]) {
        "it takes the right to create pods there: `--namespace` tries another"
    } else if says(&["is forbidden"]) {
        "the namespace takes no such pod, which says nothing of beamgate: `--namespace` tries another"
    } else {
        "the log of the API server says more"
    }
}

fn expiry(what: &str, until: Timestamp, now: Timestamp) -> Checked {
    let soon = now.checked_add((SOON_DAYS * 24).hours()).unwrap_or(now);
    let shown = until.strftime("%Y-%m-%d %H:%M UTC");
    if until <= now {
        Checked::wrong(
            format!("{what} {shown}, which is past"),
            "renew it: the log of beamgate, or of cert-manager, says why nobody has",
        )
    } else if until <= soon {
        Checked::warn(
            format!("{what} {shown}"),
            "it ought to have been renewed by now; a certificate that is meant to live for days only is fine",
        )
    } else {
        Checked::ok(format!("{what} {shown}"))
    }
}

fn pem_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    x509_parser::pem::Pem::iter_from_buffer(pem).flatten().map(|block| block.contents).collect()
}

fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()
}

/// Pods that were made without their names.
pub(super) fn missed(pods: &[String]) -> Vec<Checked> {
    if pods.is_empty() {
        return vec![Checked::ok("every pod that declares a strategy has what is injected")];
    }
    let missed = |pod: &String| {
        let what =
            format!("pod {pod} was made without what is injected: its node may not be called as its peers dial it");
        Checked::wrong(what, "let it be made again: `kubectl rollout restart` its workload")
    };
    pods.iter().map(missed).collect()
}

/// Something that could not be looked at.
pub(super) fn unseen(what: &str, why: impl Display) -> Checked {
    Checked::warn(format!("{what}: not looked at"), why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> Registered {
        Registered {
            configuration: "MutatingWebhookConfiguration beamgate".to_owned(),
            name: "inject.beamgate.dev".to_owned(),
            mutating: true,
            fails_closed: true,
            ca_bundle: Some(authority().into_bytes()),
            service: Some(ServiceKey { namespace: "beamgate".to_owned(), name: "beamgate".to_owned(), port: 443 }),
        }
    }

    /// From 2030 to 2031.
    fn authority() -> String {
        let mut params = rcgen::CertificateParams::new(vec!["beamgate.beamgate.svc".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2030, 1, 1);
        params.not_after = rcgen::date_time_ymd(2031, 1, 1);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    fn states(checked: &[Checked]) -> Vec<State> {
        checked.iter().map(|one| one.state).collect()
    }

    #[test]
    fn what_is_not_registered_is_said() {
        let none = registration(&[], at("2030-06-01T00:00:00Z"));
        assert_eq!(states(&none), [State::Wrong, State::Warn]);
        let only = registration(&[webhook()], at("2030-06-01T00:00:00Z"));
        assert_eq!(states(&only), [State::Warn, State::Ok]);
        let open = registration(&[Registered { fails_closed: false, ..webhook() }], at("2030-06-01T00:00:00Z"));
        assert_eq!(states(&open), [State::Warn, State::Ok, State::Warn]);
    }

    #[test]
    fn trust_ends() {
        let after = |time| trust(&webhook(), "it", at(time));
        assert_eq!(after("2030-06-01T00:00:00Z").what, "it: trusted until 2031-01-01 00:00 UTC");
        assert_eq!(after("2030-12-28T00:00:00Z").state, State::Warn);
        assert_eq!(after("2031-01-01T00:00:00Z").state, State::Wrong);
        for ca_bundle in [None, Some(b"not PEM".to_vec())] {
            let webhook = Registered { ca_bundle, ..webhook() };
            assert_eq!(trust(&webhook, "it", at("2030-06-01T00:00:00Z")).state, State::Wrong);
        }
    }

    #[test]
    fn a_refusal_is_explained_by_its_own_words() {
        for (why, next) in [
            ("failed calling webhook: x509: certificate signed by unknown authority", "not the one that is trusted"),
            ("failed calling webhook: context deadline exceeded", "firewall"),
            ("failed calling webhook: dial tcp 10.96.0.7:443: connect: connection refused", "nobody listens"),
            ("pods is forbidden: User \"anna\" cannot create resource \"pods\"", "the right to create pods"),
            ("pods \"beamgate-doctor\" is forbidden: exceeded quota: compute", "says nothing of beamgate"),
            ("pods \"beamgate-doctor\" is forbidden: violates PodSecurity", "says nothing of beamgate"),
            ("etcdserver: request timed out", "the log of the API server"),
        ] {
            let said = dry_run(&DryRun::Refused(why.to_owned()), "shop");
            assert!(said.state == State::Wrong && said.next.as_ref().unwrap().contains(next), "{said:?}");
        }
        assert_eq!(dry_run(&DryRun::Injected, "shop").state, State::Ok);
    }

    #[test]
    fn pods_behind_the_service_are_counted() {
        let service = webhook().service.unwrap();
        let of = |ready: usize, unready| {
            let ready = (0..ready).map(|number| format!("beamgate-{number}")).collect();
            backends(&service, &Backends { ready, unready, port: Some(8443) }).state
        };
        assert_eq!([of(0, 2), of(1, 0), of(1, 1), of(2, 0)], [State::Wrong, State::Warn, State::Warn, State::Ok]);
    }
}
