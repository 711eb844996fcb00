//! When an update may be denied: if the object was plainly without a fault before.
//!
//! The webhook compares the findings of both objects. An expression cannot: it sees a fault in fewer ways than the rule does, so
//! it would take one for new that the rule has seen for long. `tests/policies` holds the two together: in an object that is
//! clean, no exported rule finds anything, whatever else is in the cluster.

/// Whether no exported rule finds anything in the object, but for cookies that are not there and options that nothing reads.
pub(super) const IS_CLEAN: &str = r"variables.kind in ['Deployment', 'StatefulSet', 'DaemonSet'] &&
variables.agrees && variables.distribution == 'name' && !variables.hasEnvFrom && variables.isSettled &&
variables.names.all(n, n in ['RELEASE_NODE', 'RELEASE_DISTRIBUTION', 'RELEASE_COOKIE'] ||
  !n.matches('^(RELEASE_|RELX_|REPLACE_OS_VARS$|VMARGS_PATH$|ERL|ELIXIR_|DNS_CLUSTER_QUERY$|CLUSTER_DOMAIN$)')) &&
variables.env.all(e, e.name != 'RELEASE_COOKIE' || has(e.valueFrom) && has(e.valueFrom.secretKeyRef)) &&
[variables.workload, variables.pod].all(o,
  (!has(o.metadata.annotations) || o.metadata.annotations.all(key, !key.startsWith('beamgate.dev/') ||
    key.substring(13) in ['basename', 'selector', 'service', 'mode', 'lookup', 'ignore'])) &&
  (!has(o.metadata.labels) || o.metadata.labels.all(key, !key.startsWith('beamgate.dev/') || key == 'beamgate.dev/strategy'))) &&
(!('beamgate.dev/lookup' in variables.annotations) || variables.lookup in ['endpoints', 'pods']) &&
(variables.strategy == 'Kubernetes' ?
  variables.selector.matches('^[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?=[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$') &&
    variables.selector.size() <= 63 && variables.service.matches('^[a-z0-9-]*$') :
  variables.strategy in ['Kubernetes.DNS', 'Kubernetes.DNSSRV'] && variables.service.matches('^[a-z0-9-]+$') ||
  variables.service.matches('^[a-z0-9-]+[.][a-z0-9-]+[.]svc[.][a-z0-9.-]+$') &&
    variables.service.endsWith('.' + request.namespace + '.svc.' + variables.clusterDomain)) &&
(!has(variables.spec.dnsPolicy) || variables.spec.dnsPolicy == 'ClusterFirst') && !variables.onHost &&
(!has(variables.spec.automountServiceAccountToken) || variables.spec.automountServiceAccountToken)";
