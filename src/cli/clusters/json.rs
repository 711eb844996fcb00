//! Clusters for scripts.

use std::io::{self, Write};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::{Arrow, Drawn, Map, Member};
use crate::rules::TraceVerdict;
use crate::trace::cookie::{Cookie, SameCookie};

const SCHEMA: &str = "beamgate.dev/clusters/v1";

/// Which workloads become one cluster.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "beamgate trace --clusters")]
struct Document<'m> {
    /// The version of this format.
    #[schemars(extend("const" = SCHEMA))]
    schema: &'static str,
    /// Every workload that starts nodes. The other lists say its position in this one.
    workloads: Vec<Workload<'m>>,
    /// The workloads of each cluster. One that finds nobody and is found by nobody, and declares no strategy, is in none.
    clusters: Vec<&'m [usize]>,
    /// Who finds whom.
    links: Vec<Finds<'m>>,
}

/// A workload.
#[derive(Serialize, JsonSchema)]
struct Workload<'m> {
    /// Kind, namespace and name in one.
    #[serde(rename = "ref")]
    title: &'m str,
    kind: &'m str,
    /// The namespace, where it is written.
    namespace: Option<&'m str>,
    name: &'m str,
    /// The strategy that it declares.
    strategy: Option<&'m str>,
    /// Whether its own replicas find each other: `forms`, `breaks`, `open`, or `not-opted-in`.
    verdict: &'static str,
    /// The name that its nodes boot with, where it is known.
    boots: Option<&'m str>,
    /// What gives them their cookie.
    cookie: CookieSource<'m>,
}

/// What gives a node its cookie. The cookie itself is never shown.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "from", rename_all = "lowercase")]
enum CookieSource<'m> {
    /// A key of a Secret.
    Secret {
        /// The Secret's name.
        name: &'m str,
        /// The key.
        key: &'m str,
    },
    /// Text that stands in the manifest.
    Text,
    /// Nothing in the manifest.
    Image,
    /// It cannot be told.
    Unknown {
        /// Why.
        why: String,
    },
}

/// The nodes of one workload find those of another.
#[derive(Serialize, JsonSchema)]
struct Finds<'m> {
    /// Those that look for peers.
    from: usize,
    /// Those that are found.
    to: usize,
    /// The names that are dialled.
    dials: &'m [String],
    /// What comes of it: `joins`, `splits` or `open`.
    outcome: &'static str,
    /// What splits them: `nameless`, `names`, `epmd-port`, `protocol` or `cookies`.
    split: Option<&'static str>,
    /// What splits them or is not known, in words.
    why: Option<&'m str>,
    /// Whether both take their cookie from the same place, where that is known.
    same_cookie: Option<bool>,
}

pub(super) fn write(map: &Map, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema: SCHEMA,
        workloads: map.members.iter().map(workload).collect(),
        clusters: map.clusters.iter().map(Vec::as_slice).collect(),
        links: map.arrows.iter().map(finds).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

fn workload(member: &Member) -> Workload<'_> {
    Workload {
        title: &member.title,
        kind: &member.kind,
        namespace: member.namespace.as_deref(),
        name: &member.name,
        strategy: member.strategy.as_deref(),
        verdict: match member.verdict {
            TraceVerdict::Forms => "forms",
            TraceVerdict::Breaks => "breaks",
            TraceVerdict::Open(_) => "open",
            TraceVerdict::NotOptedIn | TraceVerdict::OwnClustering(_) => "not-opted-in",
        },
        boots: member.boots.as_deref(),
        cookie: match &member.cookie {
            Cookie::Secret(key) => CookieSource::Secret { name: &key.name, key: &key.key },
            Cookie::Text(_) => CookieSource::Text,
            Cookie::Image => CookieSource::Image,
            Cookie::Unknown(why) => CookieSource::Unknown { why: why.to_string() },
        },
    }
}

fn finds(arrow: &Arrow) -> Finds<'_> {
    Finds {
        from: arrow.from,
        to: arrow.to,
        dials: &arrow.dials,
        outcome: match arrow.outcome {
            Drawn::Joins => "joins",
            Drawn::Splits => "splits",
            Drawn::Open => "open",
        },
        split: arrow.split,
        why: arrow.why.as_deref(),
        same_cookie: match arrow.cookies {
            SameCookie::Yes => Some(true),
            SameCookie::No => Some(false),
            SameCookie::Open => None,
        },
    }
}

/// The JSON Schema of what `--format json` writes.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'_>>();
    format!("{:#}\n", schema.as_value())
}
