import Config

config :libcluster,
  topologies: [
    cart: [
      strategy: Cluster.Strategy.Gossip,
      config: [port: 45_892, secret: System.fetch_env!("GOSSIP_SECRET")]
    ]
  ]
