import Config

if config_env() == :prod do
  app = System.get_env("APP_NAME") || "cart"

  config :libcluster,
    topologies: [
      cart: [
        strategy: Cluster.Strategy.Kubernetes.DNS,
        config: [application_name: app, service: "cart-headless"]
      ]
    ]
end
