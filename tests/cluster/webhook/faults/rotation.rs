//! One authority follows another while requests come.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::install;
use crate::admission::Calls;
use crate::cluster::{self, until};
use crate::load::{Failed, under_load};
use crate::parts::Seen;

pub(super) fn play(seen: &mut Seen) {
    begin_with("45s", "5s");
    until("the next authority is announced", || bundles() == BTreeSet::from([2]));
    let told = under_load(|| until("the old authority is forgotten", || bundles() == BTreeSet::from([1])));
    told.judge("one authority follows another", Failed::None, seen);

    begin_with("20s", "0s");
    let first = install::certificates();
    let before = Calls::now();
    let told = under_load(|| {
        until("another authority signs", || install::certificates()["tls.crt"] != first["tls.crt"]);
        // The gap is short, and comes again with the next one.
        until("a call is lost", || Calls::since(before).failures() > 0);
    });
    told.judge("the same, with an overlap of 0 s: the old one is dropped at once", Failed::Some, seen);
    install::begin_anew(&[]);
}

/// Begins with a new authority that does not live long: another follows when two thirds of its life are over.
fn begin_with(lifetime: &str, overlap: &str) {
    let (authority, leaf) = (format!("--ca-lifetime={lifetime}"), format!("--cert-lifetime={lifetime}"));
    install::begin_anew(&[&authority, &leaf, &format!("--ca-overlap={overlap}")]);
}

/// How many authorities each of the webhooks trusts.
fn bundles() -> BTreeSet<usize> {
    let configurations = cluster::get(&[
        "mutatingwebhookconfigurations,validatingwebhookconfigurations",
        "-l",
        "app.kubernetes.io/name=beamgate",
    ]);
    let webhooks = configurations.iter().flat_map(|one| one["webhooks"].as_array().unwrap());
    let bundle = webhooks.map(|webhook| webhook["clientConfig"]["caBundle"].as_str().unwrap_or_default().to_owned());
    bundle.map(|bundle| authorities(&bundle)).collect()
}

fn authorities(bundle: &str) -> usize {
    let pem = BASE64.decode(bundle).unwrap();
    String::from_utf8(pem).unwrap().matches("BEGIN CERTIFICATE").count()
}
