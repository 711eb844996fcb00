import Config

app = System.get_env("APP") || "cart"
namespace = System.get_env("POD_NAMESPACE", "default")

unless config_env() in [:dev, :test] do
  config :libcluster,
    topologies: [
      local: [config: [port: 45893]],
      kubernetes: [
        strategy: Elixir.Cluster.Strategy.Kubernetes,
        config: [
          mode: :hostname,
          kubernetes_node_basename: app,
          kubernetes_selector: "app=#{app},tier=" <> "web",
          kubernetes_service_name: "#{app}-headless",
          kubernetes_namespace: namespace,
          kubernetes_ip_lookup_mode: :pods,
          polling_interval: 10_000
        ]
      ]
    ]
end
