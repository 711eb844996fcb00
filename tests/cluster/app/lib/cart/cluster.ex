defmodule Cart.Cluster do
  @moduledoc """
  Starts the declared strategy where an app would: libcluster's under a supervisor of its own, the others beside it.

  Compiled with `WITH_LIBCLUSTER=1`, the strategies are those of libcluster and dns_cluster. Peerage stays ours.
  """

  @real System.get_env("WITH_LIBCLUSTER") == "1"

  @doc "Child specifications for a strategy and its options, as `Cart.Declaration` reads them."
  def children(nil), do: []
  def children({"DNSCluster", config}), do: [{dns_cluster(), config}]
  def children({"Peerage", config}), do: [{Cart.Strategy.Peerage, config}]
  def children({name, config}), do: [libcluster(name, config)]

  if @real do
    defp dns_cluster, do: DNSCluster

    defp libcluster(name, config) do
      strategy = Module.concat(Cluster.Strategy, name)
      {Cluster.Supervisor, [[cart: [strategy: strategy, config: config]], [name: Cart.ClusterSupervisor]]}
    end
  else
    defp dns_cluster, do: Cart.Strategy.DNSCluster

    defp libcluster(name, config) do
      strategy = Module.concat(Cart.Strategy, name)
      topology = %{id: :cart, start: {strategy, :start_link, [config]}}

      %{
        id: Cart.ClusterSupervisor,
        type: :supervisor,
        start: {Supervisor, :start_link, [[topology], [strategy: :one_for_one, name: Cart.ClusterSupervisor]]}
      }
    end
  end
end
