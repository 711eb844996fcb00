import Config

config :libcluster,
  topologies: [
    kubernetes: [
      strategy: Cluster.Strategy.Kubernetes,
      config: [
        mode: :ip,
        kubernetes_node_basename: "shop",
        kubernetes_selector: Shop.Release.selector(),
        kubernetes_namespace: System.fetch_env!("POD_NAMESPACE")
      ]
    ]
  ]
