//! What must not be denied is not: each a short story that an operator, a controller or a GitOps engine tells every day.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::app::{App, Kind, Strategy};
use crate::cluster::{self, kubectl, until};
use crate::parts::Seen;
use crate::stage;

pub(super) const HEAD: &str = "\
## What is let pass

| request | seen |
|---|---|
";

/// What it is about, and what happens; or what does that should not.
type Story = (&'static str, fn(&Place) -> Result<String, String>);

const STORIES: [Story; 17] = [
    ("`kubectl scale` of a running workload with a fault", scaled),
    ("a HorizontalPodAutoscaler scales one", autoscaled),
    ("`kubectl rollout restart` of one", restarted),
    ("a finalizer is put on one, and taken off", with_finalizer),
    ("its pods are drained and made again", drained),
    ("a workload whose Service is not there", without_service),
    ("a first `kubectl apply -f` of a folder, the workload last", first_apply_in_order),
    ("a first `kubectl apply -f` of a folder, the workload first", first_apply_reversed),
    ("`--dry-run=server` of a commit that changes a Service and its workload", dry_run_of_a_commit),
    ("`kubectl apply -f` of that commit, the Service first", commit_in_order),
    ("`kubectl apply -f` of that commit, the workload first", commit_reversed),
    ("what Flux does with it: a server-side dry run of all of it, then each object, Services first", as_flux_does),
    ("what Flux does every hour with a workload that has a fault", as_flux_repeats),
    ("a Service is changed so that its workload breaks", service_broken),
    ("the Service, the Role and the binding of a workload are deleted", deleted),
    ("a fault in a namespace with `beamgate.dev/enforce: warn`", only_warned),
    ("a bare pod with a fault, made by an account of its own namespace", made_by_an_app),
];

pub(super) fn play(seen: &mut Seen) {
    let first = stage::first_namespace();
    let numbered: Vec<(usize, &Story)> = STORIES.iter().enumerate().collect();
    let told = cluster::each(&numbered, |(number, (_, story))| {
        let place = Place::new(first + number);
        // What never comes about ends its own story alone.
        let end = std::panic::catch_unwind(|| story(&place));
        stage::end(&place.0);
        end.unwrap_or_else(|_| Err("it was given up: see above".to_owned()))
    });
    for ((title, _), end) in STORIES.iter().zip(told) {
        match end {
            Ok(what) => seen.row([title, &what]),
            Err(why) => seen.expect(false, format!("{title}: {why}")),
        }
    }
}

fn scaled(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    place.kubectl(&["scale", "deployment/cart", "--replicas=3"])?;
    Ok("admitted".to_owned())
}

fn autoscaled(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    // Without any metrics it still sees to it that there are not fewer than it says.
    place.kubectl(&["autoscale", "deployment/cart", "--min=3", "--max=4"])?;
    until("the autoscaler has scaled", || place.get("deployment/cart")["spec"]["replicas"] == 3);
    Ok("admitted".to_owned())
}

fn restarted(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    let said = place.kubectl(&["rollout", "restart", "deployment/cart"])?;
    expect_warning(&said, "BG301")
}

fn with_finalizer(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    for finalizers in [json!(["example.org/keep"]), json!(null)] {
        let patch = json!({"metadata": {"finalizers": finalizers}}).to_string();
        place.kubectl(&["patch", "deployment/cart", "--type=merge", "--patch", &patch])?;
    }
    Ok("admitted".to_owned())
}

fn drained(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    until("both pods run", || {
        place.pods().len() == 2 && place.pods().iter().all(|pod| pod["status"]["phase"] == "Running")
    });
    let before = names(&place.pods());
    for name in &before {
        let eviction =
            json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": place.0}});
        let path = format!("/api/v1/namespaces/{}/pods/{name}/eviction", place.0);
        feed(&["create", "--raw", &path, "-f", "-"], &eviction.to_string())?;
    }
    let is_new = |name: &String| !before.contains(name);
    until("two new pods are there", || names(&place.pods()).iter().filter(|name| is_new(name)).count() == 2);
    Ok("two new pods, admitted".to_owned())
}

fn without_service(place: &Place) -> Result<String, String> {
    let mut app = good();
    app.remove("Service");
    expect_warning(&place.apply(&app.objects)?, "BG201")
}

fn first_apply_in_order(place: &Place) -> Result<String, String> {
    place.apply_folder(&good().objects)?;
    Ok("admitted".to_owned())
}

fn first_apply_reversed(place: &Place) -> Result<String, String> {
    let mut objects = good().objects;
    objects.reverse();
    place.apply_folder(&objects)?;
    Ok("admitted".to_owned())
}

fn dry_run_of_a_commit(place: &Place) -> Result<String, String> {
    place.apply(&before_the_commit())?;
    let said = place.feed(&["apply", "--dry-run=server", "-f", "-"], &after_the_commit())?;
    expect_warning(&said, "BG204")
}

fn commit_in_order(place: &Place) -> Result<String, String> {
    place.apply(&before_the_commit())?;
    place.apply_folder(&after_the_commit())?;
    Ok("admitted at once".to_owned())
}

fn commit_reversed(place: &Place) -> Result<String, String> {
    place.apply(&before_the_commit())?;
    let mut objects = after_the_commit();
    objects.reverse();
    let Err(why) = place.apply_folder(&objects) else {
        return Err("admitted at once, over the old Service".to_owned());
    };
    if !(why.contains("denied the request") && why.contains("BG204")) {
        return Err(why);
    }
    place.apply_folder(&objects)?;
    Ok("denied with BG204, admitted when applied again".to_owned())
}

/// How Flux applies, with `--dry-run=server` to begin with. Argo CD's server-side diff is such a dry run too.
const SERVER_SIDE: [&str; 6] =
    ["apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller", "-f", "-"];

fn as_flux_does(place: &Place) -> Result<String, String> {
    place.apply(&before_the_commit())?;
    expect_warning(&place.dry_run_server_side(&after_the_commit())?, "BG204")?;
    place.feed(&SERVER_SIDE, &after_the_commit())?;
    Ok("warned of BG204, then admitted at once".to_owned())
}

fn as_flux_repeats(place: &Place) -> Result<String, String> {
    place.with_fault_from_before();
    expect_warning(&place.dry_run_server_side(&bad().objects)?, "BG301")
}

fn service_broken(place: &Place) -> Result<String, String> {
    place.apply(&after_the_commit())?;
    let patch = json!({"spec": {"ports": null}}).to_string();
    let said = place.as_soon_as_known(&["patch", "service/cart", "--type=merge", "--patch", &patch])?;
    expect_warning(&said, "BG704")
}

fn deleted(place: &Place) -> Result<String, String> {
    place.apply(&good().objects)?;
    place.kubectl(&["delete", "role/cart", "rolebinding/cart"])?;
    let said = place.as_soon_as_known(&["delete", "service/cart"])?;
    expect_warning(&said, "BG704")
}

fn only_warned(place: &Place) -> Result<String, String> {
    place.enforce("warn");
    until("the namespace's label is known", || place.try_bad().is_ok());
    expect_warning(&place.apply(&bad().objects)?, "BG301")
}

fn made_by_an_app(place: &Place) -> Result<String, String> {
    place.kubectl(&["create", "serviceaccount", "runner"])?;
    place.kubectl(&["create", "role", "runner", "--verb=create,get,patch", "--resource=pods"])?;
    let account = format!("{}:runner", place.0);
    place.kubectl(&["create", "rolebinding", "runner", "--role=runner", "--serviceaccount", &account])?;
    let mut pod = bad().template().clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("run-1");
    pod["spec"].as_object_mut().unwrap().remove("serviceAccountName");
    let user = format!("--as=system:serviceaccount:{account}");
    expect_warning(&place.feed(&["create", &user, "-f", "-"], &[pod])?, "BG301")
}

fn expect_warning(said: &str, code: &str) -> Result<String, String> {
    let warned = said.lines().find(|line| line.starts_with(&format!("Warning: {code}")));
    let Some(warned) = warned else { return Err(format!("no warning of {code}: {said}")) };
    let code: String = warned.chars().skip("Warning: ".len()).take_while(char::is_ascii_alphanumeric).collect();
    Ok(format!("admitted, and warned of {code}"))
}

/// An app that forms.
pub(super) fn good() -> App {
    of_little_weight(App::new(Strategy::Dns, Kind::Deployment))
}

/// An app whose nodes call themselves otherwise than their peers do: BG301, whatever else there is.
pub(super) fn bad() -> App {
    good().misnamed()
}

/// What is said of it does not depend on whether a node boots.
pub(super) fn of_little_weight(mut app: App) -> App {
    app.container()["image"] = json!("local.test/pause:1");
    app.template()["spec"]["terminationGracePeriodSeconds"] = json!(0);
    app
}

/// A StatefulSet that asks for addresses of a Service without ports.
fn before_the_commit() -> Vec<Value> {
    let mut app = of_little_weight(App::new(Strategy::Dns, Kind::StatefulSet));
    app.find("Service").unwrap()["spec"].as_object_mut().unwrap().remove("ports");
    app.objects
}

/// It asks for SRV records, so the Service gets ports.
fn after_the_commit() -> Vec<Value> {
    of_little_weight(App::new(Strategy::DnsSrv, Kind::StatefulSet)).objects
}

fn names(pods: &[Value]) -> Vec<String> {
    let alive = pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    alive.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect()
}

/// A namespace of its own.
pub(super) struct Place(pub(super) String);

impl Place {
    pub(super) fn new(number: usize) -> Self {
        let name = stage::namespace(number);
        let labels = json!({"proof": "yes"});
        let objects = [
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cart-cookie", "namespace": name},
                "stringData": {"cookie": "from-the-secret"}}),
        ];
        cluster::prepare(&json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
        Self(name)
    }

    /// Keeps it free of pods.
    pub(super) fn without_pods(&self) {
        self.kubectl(&["create", "quota", "no-pods", "--hard=pods=0"]).unwrap();
    }

    /// Puts a workload with a fault there as it was there before there was a webhook.
    fn with_fault_from_before(&self) {
        self.enforce("off");
        until("nothing is judged there", || self.try_bad().is_ok_and(|said| !said.contains("BG301")));
        self.apply(&bad().objects).unwrap();
        self.enforce("deny");
        until("faults are denied there", || self.try_bad().is_err());
    }

    fn enforce(&self, word: &str) {
        let label = format!("beamgate.dev/enforce={word}");
        cluster::succeed(&["label", "namespace", &self.0, &label, "--overwrite"]);
    }

    /// What is said of another workload with the fault.
    fn try_bad(&self) -> Result<String, String> {
        let mut app = bad();
        app.workload()["metadata"]["name"] = json!("another");
        let workload = app.workload().clone();
        self.feed(&["apply", "--dry-run=server", "-f", "-"], &[workload])
    }

    /// Does something of which the webhook has to warn, once it has heard of the workload: it learns of it by a watch.
    fn as_soon_as_known(&self, arguments: &[&str]) -> Result<String, String> {
        let trial = [arguments, &["--dry-run=server"]].concat();
        until("it warns of that", || self.kubectl(&trial).is_ok_and(|said| said.contains("Warning: BG")));
        self.kubectl(arguments)
    }

    fn dry_run_server_side(&self, objects: &[Value]) -> Result<String, String> {
        self.feed(&[&SERVER_SIDE[..], &["--dry-run=server"]].concat(), objects)
    }

    pub(super) fn apply(&self, objects: &[Value]) -> Result<String, String> {
        self.feed(&["apply", "-f", "-"], objects)
    }

    /// Applies a folder with a file for each object, whose names put them in this order.
    fn apply_folder(&self, objects: &[Value]) -> Result<String, String> {
        let folder: PathBuf = std::env::temp_dir().join(format!("beamgate-{}", self.0));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (number, object) in objects.iter().enumerate() {
            fs::write(folder.join(format!("{number}.json")), stage::moved(&object.to_string(), &self.0)).unwrap();
        }
        let said = self.kubectl(&["apply", "-f", folder.to_str().unwrap()]);
        fs::remove_dir_all(&folder).unwrap();
        said
    }

    pub(super) fn feed(&self, arguments: &[&str], objects: &[Value]) -> Result<String, String> {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        feed(&[arguments, &["--namespace", &self.0]].concat(), &stage::moved(&list, &self.0))
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        feed(&[arguments, &["--namespace", &self.0]].concat(), "")
    }

    fn get(&self, what: &str) -> Value {
        cluster::get(&[what, "--namespace", &self.0]).remove(0)
    }

    fn pods(&self) -> Vec<Value> {
        cluster::get(&["pods", "--namespace", &self.0])
    }
}

/// All that `kubectl` says.
fn feed(arguments: &[&str], input: &str) -> Result<String, String> {
    let output = kubectl(arguments, input);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(said) } else { Err(said) }
}
