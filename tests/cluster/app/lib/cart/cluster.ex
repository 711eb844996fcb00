defmodule Cart.Cluster do
  @moduledoc """
  Starts the declared strategy where an app would: libcluster's under a supervisor of its own, the others beside it.

  Compiled with `WITH_LIBCLUSTER=1`, the strategies are those of libcluster and dns_cluster. Peerage stays ours.
  """

  @real System.get_env("WITH_LIBCLUSTER") == "1"

  @doc "Child specifications for strategies and their options, as `Cart.Declaration` reads them. libcluster's have one supervisor."
  def children(declared) do
    {others, topologies} = Enum.split_with(declared, fn {name, _} -> name in ["DNSCluster", "Peerage"] end)
    Enum.map(others, &other/1) ++ if(topologies == [], do: [], else: [libcluster(topologies)])
  end

  defp other({"DNSCluster", config}), do: {dns_cluster(), config}
  defp other({"Peerage", config}), do: {Cart.Strategy.Peerage, config}

  # The first is `cart`, as its log lines say; those beside it are `cart1`, `cart2`.
  defp id(0), do: :cart
  defp id(number), do: :"cart#{number}"

  if @real do
    defp dns_cluster, do: DNSCluster

    defp libcluster(topologies) do
      topologies =
        for {{name, config}, number} <- Enum.with_index(topologies) do
          {id(number), [strategy: Module.concat(Cluster.Strategy, name), config: config]}
        end

      {Cluster.Supervisor, [topologies, [name: Cart.ClusterSupervisor]]}
    end
  else
    defp dns_cluster, do: Cart.Strategy.DNSCluster

    defp libcluster(topologies) do
      children =
        for {{name, config}, number} <- Enum.with_index(topologies) do
          %{id: id(number), start: {Module.concat(Cart.Strategy, name), :start_link, [config]}}
        end

      %{
        id: Cart.ClusterSupervisor,
        type: :supervisor,
        start: {Supervisor, :start_link, [children, [strategy: :one_for_one, name: Cart.ClusterSupervisor]]}
      }
    end
  end
end
