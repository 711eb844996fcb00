defmodule Shop.Application do
  use Application

  @impl true
  def start(_type, _args) do
    topologies = Application.get_env(:libcluster, :topologies) || []

    children = [
      Shop.Repo,
      {DNSCluster, query: Application.get_env(:cart, :dns_cluster_query) || :ignore},
      {Cluster.Supervisor, [topologies, [name: Shop.ClusterSupervisor]]}
    ]

    Supervisor.start_link(children, strategy: :one_for_one)
  end
end
