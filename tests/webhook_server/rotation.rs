//! Certificates of our own making, with two replicas and an API server that watches them.

use std::sync::Arc;
use std::time::Duration;

use beamgate::webhook::certificates::keep::Keeper;
use beamgate::webhook::certificates::place::{Place, Which};
use beamgate::webhook::certificates::plan::Terms;
use beamgate::webhook::metrics::Metrics;
use beamgate::webhook::tls::Served;
use tokio::time::{sleep, timeout};

use crate::api::{Api, CONFIGURATION, NAMESPACE, SECRET, SERVICE};
use crate::running::count;

const LONG: Duration = Duration::from_secs(120);

/// Lives that a test can wait for.
fn terms(overlap: Duration) -> Terms {
    Terms {
        names: vec![format!("{SERVICE}.{NAMESPACE}.svc")],
        authority: Duration::from_secs(24),
        leaf: Duration::from_secs(9),
        overlap,
    }
}

/// A replica.
struct Replica {
    metrics: Arc<Metrics>,
    served: Arc<Served>,
    published: Arc<std::sync::atomic::AtomicBool>,
}

impl Replica {
    fn start(api: &Api, terms: Terms) -> Self {
        let metrics = Arc::new(Metrics::default());
        let served = Served::nothing_yet(Arc::clone(&metrics));
        let place = Place {
            client: api.client(),
            namespace: NAMESPACE.to_owned(),
            secret: SECRET.to_owned(),
            service: SERVICE.to_owned(),
            which: Which::Named(vec![CONFIGURATION.to_owned()]),
        };
        let keeper = Keeper::new(place, terms, Arc::clone(&served));
        let published = keeper.published();
        tokio::spawn(keeper.keep());
        Self { metrics, served, published }
    }

    /// When what it serves expires, since 1970.
    fn expires(&self) -> i64 {
        count(&self.metrics, "beamgate_certificate_expiry_seconds")
    }

    fn is_ready(&self) -> bool {
        self.served.missing().is_none() && self.published.load(std::sync::atomic::Ordering::Relaxed)
    }
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let waited = async {
        while !is() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(LONG, waited).await.unwrap_or_else(|_| panic!("{what}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_rotate_and_nobody_is_ever_distrusted() {
    let api = Api::start().await;
    let replicas = [0, 1].map(|_| Replica::start(&api, terms(Duration::from_secs(1))));
    until("both are ready", || replicas.iter().all(Replica::is_ready)).await;
    until("another authority signs", || api.authorities() == 2).await;
    let certificates = |bundle: &Option<String>| bundle.as_ref().map_or(0, |bundle| bundle.matches("BEGIN").count());
    assert!(api.bundles().iter().all(|bundle| certificates(bundle) == 2));
    until("the old one is forgotten", || api.bundles().iter().all(|bundle| certificates(bundle) == 1)).await;
    assert_eq!(api.distrusted(), 0, "each certificate in the Secret was trusted by all webhooks when it came");
}

/// Else the test above would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_overlap_somebody_is_distrusted() {
    let api = Api::start().await;
    let _replicas = [0, 1].map(|_| Replica::start(&api, terms(Duration::ZERO)));
    until("a certificate that is not trusted", || api.distrusted() > 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_somebody_resets_is_mended() {
    let api = Api::start().await;
    let terms = Terms { authority: LONG * 60, leaf: LONG * 20, ..terms(Duration::from_secs(4)) };
    let replica = Replica::start(&api, terms);
    until("it is ready", || replica.is_ready()).await;
    let bundle = api.bundles();
    assert!(bundle.iter().all(Option::is_some));
    api.reset_bundles();
    until("the bundle is as it was", || api.bundles() == bundle).await;
    // It was not made ready again: it had stayed so.
    assert!(replica.is_ready());
    assert_eq!(api.foreign_bundle(), None, "a webhook of somebody else is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_is_left_to_others_is_left_alone() {
    let api = Api::start().await;
    let replica = Replica::start(&api, terms(Duration::from_secs(1)));
    until("it is ready", || replica.is_ready()).await;
    for (key, value) in
        [("cert-manager.io/inject-ca-from", "beamgate/beamgate"), ("beamgate.dev/certificates", "given")]
    {
        api.annotate(&[0, 1], key, value);
        sleep(Duration::from_secs(2)).await;
        assert_eq!(api.bundles(), [None, None], "{key}");
    }
    api.annotate(&[0, 1], "beamgate.dev/certificates", "self-managed");
    until("the bundle is written", || api.bundles().iter().all(Option::is_some)).await;
}

/// What is left to others keeps nobody from doing what is not.
#[tokio::test(flavor = "multi_thread")]
async fn beside_a_bundle_that_is_left_to_others_certificates_are_renewed() {
    let api = Api::start().await;
    let replica = Replica::start(&api, Terms { authority: LONG, ..terms(Duration::from_secs(1)) });
    until("it is ready", || replica.is_ready()).await;
    let (bundle, served) = (api.bundles(), replica.expires());
    api.annotate(&[0], "beamgate.dev/certificates", "given");
    until("the other bundle is mended", || api.bundles() == [None, bundle[1].clone()]).await;
    until("another certificate is served", || replica.expires() > served).await;
    // A replica that begins now is ready as soon as those others trust what it serves, among whatever else.
    let begun = Replica::start(&api, Terms { authority: LONG, ..terms(Duration::from_secs(1)) });
    sleep(Duration::from_secs(1)).await;
    assert!(!begun.is_ready());
    api.put_bundle(0, &format!("theirs\n{}", bundle[1].as_deref().unwrap()));
    until("it is ready", || begun.is_ready()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_somebody_else_is_left_alone() {
    let api = Api::start().await;
    api.put_secret(&[("tls.crt", "theirs")]);
    let replica = Replica::start(&api, terms(Duration::from_secs(1)));
    sleep(Duration::from_secs(2)).await;
    assert_eq!(api.secret("tls.crt").as_deref(), Some("theirs"));
    assert!(!replica.is_ready() && replica.served.missing().is_some());
    // One that is empty was made for us.
    api.put_secret(&[]);
    until("it is ready", || replica.is_ready()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permission_it_is_not_ready_and_with_it_it_is() {
    let api = Api::start().await;
    api.forbid(true);
    let replica = Replica::start(&api, terms(Duration::from_secs(1)));
    sleep(Duration::from_secs(1)).await;
    assert!(!replica.is_ready());
    api.forbid(false);
    until("it is ready", || replica.is_ready()).await;
}
