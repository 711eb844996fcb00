import Config
config :libcluster, topologies: [a: [strategy: Cluster.Strategy.Gossip, config: [x: 1, y: 2]], b: [config: []]]
config :libcluster, topologies: [a: [config: [y: 3, z: 4]]]
config :libcluster, topologies: [b: [config: [w: "v"]]]
config :cart, dns_cluster_query: "first"
config :cart, :dns_cluster_query, "second"
import_config "../config/more.exs"
config :libcluster, :topologies, c: [strategy: Cluster.Strategy.Epmd]
