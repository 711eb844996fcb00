//! What a seed makes: an app that forms, with one to three of its fields changed.

#[path = "changes.rs"]
mod changes;

use crate::app::{App, Kind, Lookup, Mode, STRATEGIES, Strategy};
use changes::{CHANGES, Change};

/// Changes that only matter to one strategy, which chance would seldom bring together: every tenth seed has one.
const PAIRS: [(Strategy, &str); 10] = [
    (Strategy::DnsSrv, "no ports"),
    (Strategy::DnsSrv, "named target port"),
    (Strategy::DnsSrv, "ClusterIP"),
    (Strategy::Dns, "ClusterIP"),
    (Strategy::Dns, "a plain service name elsewhere"),
    (Strategy::Kubernetes(Mode::Ip, Lookup::Endpoints), "named target port"),
    (Strategy::Kubernetes(Mode::Hostname, Lookup::Pods), "host name in the template"),
    (Strategy::DnsPoll, "a bare query"),
    (Strategy::DnsCluster, "a bare query"),
    (Strategy::Peerage, "ClusterIP"),
];

/// Splitmix64: a seed has to make the same app for ever, which no crate's generator promises.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }

    fn pick<'t, T>(&mut self, among: &'t [T]) -> &'t T {
        &among[self.below(among.len())]
    }
}

/// An app and how it came about.
pub(crate) struct Made {
    pub(crate) seed: u64,
    pub(crate) changes: Vec<&'static str>,
    /// For people: the strategy and the changes.
    pub(crate) title: String,
    pub(crate) manifest: String,
}

impl Made {
    /// What lint is told of it. The world is complete, and so is the image: its `env.sh` is the stock one, unless the app
    /// declares the name that its image gives.
    pub(crate) fn options(&self) -> Vec<&'static str> {
        let is_declared = self.manifest.contains("beamgate.dev/node-name");
        let image = ["--env-sh", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/random/stock-env.sh")];
        ["--complete"].into_iter().chain(image.into_iter().filter(|_| !is_declared)).collect()
    }

    /// The manifest in a few characters (FNV-1a): what was seen of a seed was seen of this, and of nothing else.
    pub(crate) fn fingerprint(&self) -> String {
        let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        format!("{:016x}", self.manifest.bytes().fold(0xcbf2_9ce4_8422_2325, fold))
    }
}

/// The app of this seed.
pub(crate) fn make(seed: u64) -> Made {
    let mut random = Random(seed.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let pair = seed.is_multiple_of(10).then(|| *random.pick(&PAIRS));
    let strategy = pair.map_or_else(|| *random.pick(&STRATEGIES), |(strategy, _)| strategy);
    let mut app = App::new(strategy, kind(strategy, &mut random));
    let mut chosen: Vec<&Change> =
        CHANGES.iter().filter(|change| pair.is_some_and(|(_, name)| change.name == name)).collect();
    chosen.extend((chosen.len()..=random.below(3)).map(|_| random.pick(CHANGES)));
    let mut changes = Vec::new();
    for Change { name, apply } in chosen {
        if !changes.contains(name) && apply(&mut app) {
            changes.push(*name);
        }
    }
    let title = format!("{}: {}", strategy.describe(), changes.join(", "));
    Made { seed, changes, title, manifest: app.manifest() }
}

/// A kind of workload on which the strategy can form.
fn kind(strategy: Strategy, random: &mut Random) -> Kind {
    let stable = strategy == Strategy::DnsSrv || strategy.mode() == Some("hostname");
    if stable || random.below(3) == 0 { Kind::StatefulSet } else { Kind::Deployment }
}
