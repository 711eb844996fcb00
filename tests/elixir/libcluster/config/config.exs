import Config

config :libcluster,
  debug: false,
  topologies: [
    local: [
      strategy: Cluster.Strategy.Gossip,
      config: [port: 45892, secret: "s"]
    ]
  ]

if config_env() != :prod do
  config :libcluster, topologies: [test: [strategy: Cluster.Strategy.Epmd]]
end
