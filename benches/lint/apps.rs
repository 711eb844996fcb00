//! Made-up apps that look like those of the world, the same ones every time.
//!
//! Each is a file of eight documents, and each clusters: linting them has nothing to say, but everything to follow.

use std::io;
use std::path::{Path, PathBuf};

/// The documents that all apps have, with words in angle brackets for what differs.
const APP: &str = include_str!("app.yaml");

/// The eighth document.
const EXTRAS: [&str; 4] = [
    "\
apiVersion: v1
kind: Service
metadata:
  name: <app>-http
  namespace: <team>
spec:
  type: ClusterIP
  selector:
    app.kubernetes.io/component: web
    app.kubernetes.io/name: <app>
  ports:
    - name: http
      port: 80
      targetPort: http
",
    "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: <app>
  namespace: <team>
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: <kind>, name: <app>}
  minReplicas: 3
  maxReplicas: 12
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: 70}
",
    "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: <app>
  namespace: <team>
spec:
  ingressClassName: nginx
  rules:
    - host: <app>.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: <app>-http, port: {name: http}}}
",
    "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: <app>
  namespace: <team>
spec:
  selector:
    matchLabels:
      app.kubernetes.io/name: <app>
  endpoints:
    - port: http
      path: /metrics
      interval: 30s
",
];

/// A way to cluster.
struct Way {
    /// Whether it takes host names, which only a StatefulSet gives its pods.
    stateful: bool,
    strategy: &'static str,
    /// The annotations that belong to the strategy.
    keys: &'static [&'static str],
    naming: Naming,
}

/// How the node gets its name.
#[derive(Clone, Copy)]
enum Naming {
    /// `RELEASE_NODE` with the address of the pod.
    Address,
    /// `RELEASE_NODE` with the name of the pod below its Service.
    Hostname,
    /// The image makes it of its inputs.
    Image,
}

const SELECTOR: &str = "selector: app.kubernetes.io/name=<app>";
const IMAGE: &str = "node-name: <app>@{pod-ip-dashed}.{namespace}.pod.{cluster-domain}";
const INPUTS: &str = "inputs: POD_IP=podIP NAMESPACE=namespace";

#[rustfmt::skip] // a table
const WAYS: [Way; 8] = [
    Way { stateful: false, strategy: "Kubernetes", keys: &[SELECTOR], naming: Naming::Address },
    Way { stateful: false, strategy: "Kubernetes", keys: &[SELECTOR, "lookup: pods"], naming: Naming::Address },
    Way { stateful: false, strategy: "Kubernetes", keys: &[SELECTOR, "mode: dns", IMAGE, INPUTS], naming: Naming::Image },
    Way { stateful: true, strategy: "Kubernetes", keys: &[SELECTOR, "mode: hostname", "lookup: pods", "service: <app>"], naming: Naming::Hostname },
    Way { stateful: false, strategy: "Kubernetes.DNS", keys: &["service: <app>"], naming: Naming::Address },
    Way { stateful: true, strategy: "Kubernetes.DNSSRV", keys: &["service: <app>"], naming: Naming::Hostname },
    Way { stateful: true, strategy: "DNSPoll", keys: &["service: <app>.<team>.svc.cluster.local"], naming: Naming::Address },
    Way { stateful: false, strategy: "DNSCluster", keys: &["service: <app>.<team>.svc.cluster.local"], naming: Naming::Address },
];

/// How many teams there are, each with a namespace of its own.
const TEAMS: usize = 25;

/// The file of one app.
fn app(number: usize) -> String {
    let way = &WAYS[number % WAYS.len()];
    let keys = ["basename: <app>"].iter().chain(way.keys).map(|key| format!("\n        beamgate.dev/{key}"));
    let declaration =
        format!("        beamgate.dev/strategy: {}\n      annotations:{}", way.strategy, keys.collect::<String>());
    let controller = if way.stateful {
        "  serviceName: <app>\n  podManagementPolicy: Parallel"
    } else {
        "  strategy:\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}"
    };
    let text = APP.to_owned() + EXTRAS[number / WAYS.len() % EXTRAS.len()];
    text.replace("<controller>", controller)
        .replace("<declaration>", &declaration)
        .replace("<names>", &names(way.naming))
        .replace("<kind>", if way.stateful { "StatefulSet" } else { "Deployment" })
        .replace("<app>", &format!("app-{number:05}"))
        .replace("<team>", &format!("team-{:02}", number % TEAMS))
        .replace("<number>", &number.to_string())
}

/// The variables that make the node's name.
fn names(naming: Naming) -> String {
    let from = |name: &str, field: &str| {
        format!(
            "            - name: {name}\n              valueFrom:\n                fieldRef:\n                  fieldPath: {field}\n"
        )
    };
    let set = |host: &str| {
        format!(
            "            - name: RELEASE_DISTRIBUTION\n              value: name\n            - name: RELEASE_NODE\n              value: <app>@{host}"
        )
    };
    match naming {
        Naming::Address => from("MY_POD_IP", "status.podIP") + &set("$(MY_POD_IP)"),
        Naming::Hostname => {
            from("MY_POD_NAME", "metadata.name")
                + &from("MY_POD_NAMESPACE", "metadata.namespace")
                + &set("$(MY_POD_NAME).<app>.$(MY_POD_NAMESPACE).svc.cluster.local")
        }
        Naming::Image => {
            (from("POD_IP", "status.podIP") + &from("NAMESPACE", "metadata.namespace")).trim_end().to_owned()
        }
    }
}

/// Writes `count` apps below `folder`, a file each, and says where; what is there already is the same.
pub(crate) fn write(folder: &Path, count: usize) -> io::Result<PathBuf> {
    let folder = folder.join(format!("{count}-apps"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    for number in 0..count {
        std::fs::write(folder.join(format!("app-{number:05}.yaml")), app(number))?;
    }
    Ok(folder)
}

/// The files of `count` apps.
pub(crate) fn texts(count: usize) -> Vec<String> {
    (0..count).map(app).collect()
}
