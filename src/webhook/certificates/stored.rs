//! What our Secret holds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::issue::{IssueError, Pem};
use super::plan::{self, Beside, State, Step, Terms};
use crate::webhook::tls::Pair;

/// The keys of the Secret.
const AUTHORITY: [&str; 2] = ["ca.crt", "ca.key"];
const LEAF: [&str; 2] = ["tls.crt", "tls.key"];
const NEXT: [&str; 2] = ["next-ca.crt", "next-ca.key"];
const OLD: &str = "old-ca.crt";

/// Why what is in the Secret is of no use.
#[derive(Debug, thiserror::Error)]
pub enum SpoiltError {
    /// A part of it is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A part of it cannot be read.
    #[error("`{key}` cannot be read: {why}")]
    Unread {
        /// Which.
        key: &'static str,
        /// Why.
        why: String,
    },
    /// The certificate is not one of this authority.
    #[error("the certificate is not signed by the authority beside it")]
    Stranger,
}

/// The authority, its certificate, and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    authority: Pem,
    leaf: Pem,
    beside: Kept,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Nothing,
    Next(Pem),
    /// Its key is forgotten first.
    Old(String),
}

impl Stored {
    /// Reads the data of the Secret; nothing, if there is none yet.
    ///
    /// # Errors
    /// What is there is of no use.
    pub fn read(data: &BTreeMap<String, Vec<u8>>) -> Result<Option<Self>, SpoiltError> {
        if data.is_empty() {
            return Ok(None);
        }
        let (authority, leaf) = (pem(data, AUTHORITY)?, pem(data, LEAF)?);
        let beside = match (data.contains_key(NEXT[0]), data.contains_key(OLD)) {
            (true, _) => Kept::Next(pem(data, NEXT)?),
            (false, true) => Kept::Old(text(data, OLD)?),
            (false, false) => Kept::Nothing,
        };
        let stored = Self { authority, leaf, beside };
        stored.check()?;
        Ok(Some(stored))
    }

    /// The data of the Secret.
    pub fn data(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = vec![(AUTHORITY, &self.authority), (LEAF, &self.leaf)];
        if let Kept::Next(next) = &self.beside {
            all.push((NEXT, next));
        }
        let pairs = all.into_iter().flat_map(|(keys, pem)| keys.into_iter().zip([&pem.certificate, &pem.key]));
        let old = match &self.beside {
            Kept::Old(old) => Some((OLD, old)),
            _ => None,
        };
        pairs.chain(old).map(|(key, text)| (key.to_owned(), text.clone().into_bytes())).collect()
    }

    /// What clients trust, as PEM. It does not change when the authorities change places.
    pub fn bundle(&self) -> String {
        let mut all = vec![self.authority.certificate.as_str()];
        match &self.beside {
            Kept::Nothing => {}
            Kept::Next(next) => all.push(&next.certificate),
            Kept::Old(old) => all.push(old),
        }
        all.sort_unstable();
        all.concat()
    }

    /// What is served.
    ///
    /// # Errors
    /// There are none: it was read before.
    pub fn pair(&self) -> Result<Pair, SpoiltError> {
        let pair = Pair::from_pem(self.leaf.certificate.as_bytes(), self.leaf.key.as_bytes());
        pair.map_err(|error| SpoiltError::Unread { key: LEAF[0], why: error.to_string() })
    }

    /// Whether it serves the same certificate as another.
    pub fn serves_as(&self, other: &Self) -> bool {
        self.leaf == other.leaf
    }

    /// What the plan must know of it.
    ///
    /// # Errors
    /// There are none: it was read before.
    pub fn state(&self, terms: &Terms) -> Result<State, SpoiltError> {
        let leaf = Seen::of(&self.leaf.certificate, LEAF[0])?;
        Ok(State {
            authority_ends: Seen::of(&self.authority.certificate, AUTHORITY[0])?.ends,
            leaf_ends: leaf.ends,
            // By the others nobody must ask, and replicas that were told different ones would renew each other's for ever.
            names_fit: terms.names.first().is_none_or(|name| leaf.names.contains(name)),
            beside: match self.beside {
                Kept::Nothing => Beside::Nothing,
                Kept::Next(_) => Beside::Next,
                Kept::Old(_) => Beside::Old,
            },
        })
    }

    /// What there is after a step.
    ///
    /// # Errors
    /// A certificate cannot be made, or there is nothing that the step could begin with.
    pub fn after(before: Option<&Self>, step: Step, now: Timestamp, terms: &Terms) -> Result<Self, AfterError> {
        let begin = || {
            let authority = Pem::authority(now, terms.authority)?;
            Ok(Self { leaf: leaf(&authority, now, terms)?, authority, beside: Kept::Nothing })
        };
        let Some(before) = before else { return begin() };
        let mut after = before.clone();
        match (step, &before.beside) {
            (Step::Begin, _) => return begin(),
            (Step::Renew, _) => after.leaf = leaf(&before.authority, now, terms)?,
            (Step::Announce, _) => after.beside = Kept::Next(Pem::authority(now, terms.authority)?),
            (Step::Turn, Kept::Next(next)) => {
                after.leaf = leaf(next, now, terms)?;
                after.authority = next.clone();
                after.beside = Kept::Old(before.authority.certificate.clone());
            }
            (Step::Forget, _) => after.beside = Kept::Nothing,
            (Step::Keep | Step::Turn, _) => {}
        }
        Ok(after)
    }

    fn check(&self) -> Result<(), SpoiltError> {
        together(&self.leaf, LEAF)?;
        together(&self.authority, AUTHORITY)?;
        let (authority, leaf) =
            (Seen::of(&self.authority.certificate, AUTHORITY[0])?, Seen::of(&self.leaf.certificate, LEAF[0])?);
        if authority.subject != leaf.issuer {
            return Err(SpoiltError::Stranger);
        }
        match &self.beside {
            Kept::Nothing => Ok(()),
            Kept::Next(next) => together(next, NEXT),
            Kept::Old(old) => Seen::of(old, OLD).map(drop),
        }
    }
}

/// Why there is no state after a step.
#[derive(Debug, thiserror::Error)]
pub enum AfterError {
    /// A certificate cannot be made.
    #[error(transparent)]
    Issue(#[from] IssueError),
    /// What there is cannot be read.
    #[error(transparent)]
    Spoilt(#[from] SpoiltError),
}

fn leaf(authority: &Pem, now: Timestamp, terms: &Terms) -> Result<Pem, AfterError> {
    let authority_ends = Seen::of(&authority.certificate, AUTHORITY[0])?.ends;
    Ok(authority.sign(&terms.names, now, plan::leaf_ends(authority_ends, now, terms))?)
}

fn pem(data: &BTreeMap<String, Vec<u8>>, [certificate, key]: [&'static str; 2]) -> Result<Pem, SpoiltError> {
    Ok(Pem { certificate: text(data, certificate)?, key: text(data, key)? })
}

fn together(pem: &Pem, [key, _]: [&'static str; 2]) -> Result<(), SpoiltError> {
    let pair = Pair::from_pem(pem.certificate.as_bytes(), pem.key.as_bytes());
    pair.map(drop).map_err(|error| SpoiltError::Unread { key, why: error.to_string() })
}

fn text(data: &BTreeMap<String, Vec<u8>>, key: &'static str) -> Result<String, SpoiltError> {
    let bytes = data.get(key).ok_or(SpoiltError::Missing(key))?;
    String::from_utf8(bytes.clone()).map_err(|error| SpoiltError::Unread { key, why: error.to_string() })
}

/// What a certificate says of itself.
struct Seen {
    ends: Timestamp,
    names: Vec<String>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
}

impl Seen {
    fn of(certificate: &str, key: &'static str) -> Result<Self, SpoiltError> {
        let unread = |why: &dyn std::fmt::Display| SpoiltError::Unread { key, why: why.to_string() };
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| unread(&error))?;
        let (_, read) = X509Certificate::from_der(&der).map_err(|error| unread(&error))?;
        let ends = Timestamp::from_second(read.validity().not_after.timestamp()).map_err(|error| unread(&error))?;
        let names = match read.subject_alternative_name() {
            Ok(Some(names)) => names.value.general_names.iter().filter_map(dns).collect(),
            _ => Vec::new(),
        };
        let (subject, issuer) = (read.subject().as_raw().to_vec(), read.issuer().as_raw().to_vec());
        Ok(Self { ends, names, subject, issuer })
    }
}

fn dns(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn terms() -> Terms {
        Terms {
            names: vec!["beamgate.beamgate.svc".to_owned()],
            authority: Duration::from_secs(9000),
            leaf: Duration::from_secs(600),
            overlap: Duration::from_secs(60),
        }
    }

    fn after(before: Option<&Stored>, step: Step) -> Stored {
        Stored::after(before, step, Timestamp::now(), &terms()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let begun = after(None, Step::Begin);
        let announced = after(Some(&begun), Step::Announce);
        let turned = after(Some(&announced), Step::Turn);
        let forgotten = after(Some(&turned), Step::Forget);
        for stored in [&begun, &announced, &turned, &forgotten] {
            assert_eq!(Stored::read(&stored.data()).unwrap().as_ref(), Some(stored));
        }
        assert_eq!(Stored::read(&BTreeMap::new()).unwrap(), None);
    }

    #[test]
    fn the_bundle_grows_before_the_certificate_changes_and_shrinks_after() {
        let begun = after(None, Step::Begin);
        let announced = after(Some(&begun), Step::Announce);
        assert!(announced.serves_as(&begun));
        assert_ne!(announced.bundle(), begun.bundle());
        let turned = after(Some(&announced), Step::Turn);
        assert!(!turned.serves_as(&announced));
        assert_eq!(turned.bundle(), announced.bundle());
        let forgotten = after(Some(&turned), Step::Forget);
        assert!(forgotten.serves_as(&turned));
        assert_eq!(turned.bundle().matches("BEGIN").count(), 2);
        assert_eq!(forgotten.bundle().matches("BEGIN").count(), 1);
        assert!(!forgotten.bundle().contains(&begun.bundle()));
    }

    #[test]
    fn what_is_spoilt_is_not_served() {
        let (one, other) = (after(None, Step::Begin), after(None, Step::Begin));
        let with = |key: &str, value: Option<&[u8]>| {
            let mut data = one.data();
            match value {
                Some(value) => data.insert(key.to_owned(), value.to_vec()),
                None => data.remove(key),
            };
            Stored::read(&data).unwrap_err().to_string()
        };
        assert_eq!(with("tls.key", None), "`tls.key` is missing");
        assert!(with("tls.crt", Some(b"nothing")).starts_with("`tls.crt` cannot be read"));
        assert!(with("tls.key", Some(other.leaf.key.as_bytes())).contains("do not belong together"));
        assert!(with("ca.crt", Some(b"\xff")).starts_with("`ca.crt` cannot be read"));
        assert!(with("next-ca.crt", Some(other.authority.certificate.as_bytes())).contains("`next-ca.key` is missing"));
        let mut strange = one.data();
        strange.extend(other.data().into_iter().filter(|(key, _)| key.starts_with("ca.")));
        assert!(matches!(Stored::read(&strange), Err(SpoiltError::Stranger)));
    }

    #[test]
    fn the_name_by_which_the_api_server_asks_decides() {
        let stored = after(None, Step::Begin);
        let fits = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            stored.state(&Terms { names, ..terms() }).unwrap().names_fit
        };
        assert!(fits(&["beamgate.beamgate.svc"]));
        assert!(fits(&["beamgate.beamgate.svc", "beamgate.beamgate.svc.example.org"]));
        assert!(!fits(&["other.beamgate.svc", "beamgate.beamgate.svc"]));
    }
}
