import Config

if System.get_env("PHX_SERVER") do
  config :cart, CartWeb.Endpoint, server: true
end

if config_env() == :prod do
  database_url =
    System.get_env("DATABASE_URL") ||
      raise """
      environment variable DATABASE_URL is missing.
      """

  config :cart, :dns_cluster_query, System.get_env("DNS_CLUSTER_QUERY")

  config :libcluster,
    topologies: [
      cart: [
        strategy: Cluster.Strategy.Kubernetes.DNS,
        config: [
          application_name: "cart",
          service: System.get_env("CART_SERVICE", "cart-headless"),
          polling_interval: 10_000
        ]
      ]
    ]
end
