//! Why a candidate stands where it does: what it takes, and what is to be known of it.

use super::advice::Advice;
use super::weigh::Weighed;
use crate::advise::Naming;
use crate::rules::TraceVerdict;
use crate::rules::finding::Effect;

/// The reasons, the heaviest first, each a part of a sentence.
pub(super) fn reasons(advice: &Advice, weighed: &Weighed) -> Vec<String> {
    let mut reasons = Vec::new();
    reasons.extend(verdict(weighed));
    if weighed.blind {
        reasons.push("it finds no addresses of IPv6, which these pods have".to_owned());
    }
    let own = weighed.left.iter().filter(|left| !advice.is_left_by_all(left) && left.effect != Effect::Breaks);
    reasons.extend(own.map(|left| format!("leaves {}: {}", left.rule.title(), left.message)));
    reasons.extend(weighed.recreated().map(|fix| fix.title.clone()));
    if !weighed.created.is_empty() {
        reasons.push(format!("new: {}", weighed.created.join(", ")));
    }
    if advice.stateful {
        reasons.push(match weighed.stable {
            true => "a pod that is made again has its name again".to_owned(),
            false => "a pod that is made again has another name".to_owned(),
        });
    }
    reasons.extend(weighed.outside.map(|what| format!("asks DNS for {what}, which CoreDNS answers")));
    match weighed.naming {
        Naming::OtherImage => reasons.push("the image has to name the node".to_owned()),
        Naming::Image => reasons.push("the image names the node so already".to_owned()),
        Naming::Pod => {}
    }
    reasons.extend(remark(weighed).map(str::to_owned));
    reasons
}

/// What keeps it from forming, if anything does.
fn verdict(weighed: &Weighed) -> Option<String> {
    match &weighed.verdict {
        TraceVerdict::Breaks => {
            let breaking = weighed.left.iter().find(|left| left.effect == Effect::Breaks);
            Some(breaking.map_or_else(|| "something breaks it".to_owned(), |left| left.message.clone()))
        }
        TraceVerdict::Open(missing) => missing.first().cloned(),
        _ => None,
    }
}

/// What distinguishes libraries and lookups that dial the same names (libcluster 3.5.0, dns_cluster 0.2.0, Peerage 1.0.3).
fn remark(weighed: &Weighed) -> Option<&'static str> {
    match (weighed.candidate.strategy, weighed.candidate.lookup) {
        ("DNSCluster", _) => {
            Some("a package of its own, which Phoenix brings along; says nothing of peers that it does not reach")
        }
        ("DNSPoll", _) => Some("says nothing of queries that fail"),
        ("Peerage", _) => Some("a package of its own, last released in 2018"),
        (_, Some("pods")) => Some("also pods that end or are not ready"),
        (_, Some("endpoints")) => Some("ready pods only, and Endpoints are deprecated since Kubernetes 1.33"),
        _ => None,
    }
}
