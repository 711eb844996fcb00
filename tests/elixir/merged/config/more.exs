import Config
config :libcluster, topologies: [a: [strategy: Cluster.Strategy.LocalEpmd]]
config :cart, dns_cluster_query: nil
