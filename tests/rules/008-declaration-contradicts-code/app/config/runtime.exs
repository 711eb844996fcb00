import Config

if config_env() == :prod do
  config :libcluster,
    topologies: [
      cart: [
        strategy: Cluster.Strategy.Kubernetes.DNS,
        config: [application_name: "cart", service: "cart-headless"]
      ]
    ]
end
