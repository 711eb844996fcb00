# What nobody knows before it runs.
import Config

config :libcluster, topologies: [k8s: [strategy: Cluster.Strategy.Kubernetes.DNS, config: [service: "cart"]]]

if System.get_env("DNSSRV") do
  config :libcluster, topologies: [k8s: [strategy: Cluster.Strategy.Kubernetes.DNSSRV]]
end

case System.get_env("OTHER") do
  nil -> :ok
  other -> config :libcluster, topologies: [other: [strategy: Cluster.Strategy.DNSPoll, config: [query: other]]]
end

config :shop, :dns_cluster_query, String.upcase("shop")
config :till, dns_cluster_query: Enum.join(["a", "b"], ".")

query = if System.get_env("SAME"), do: "same", else: "same"
config :mill, dns_cluster_query: query
