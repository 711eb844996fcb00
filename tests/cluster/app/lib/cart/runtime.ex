defmodule Cart.Runtime do
  @moduledoc """
  What the app is configured to do, out of a `config/runtime.exs` that is mounted at `/etc/image/runtime.exs`: it is evaluated
  as a release evaluates its own, when the app boots.
  """

  @doc "The strategy and its options, as `Cart.Declaration` gives them; nil where no such file is mounted."
  def read(path \\ "/etc/image/runtime.exs") do
    if File.exists?(path) do
      IO.puts("cart-configured by #{path}")
      path |> Config.Reader.read!(env: :prod, target: :host) |> strategy()
    end
  end

  @doc "What a configuration says of libcluster, dns_cluster or Peerage; a configuration that says nothing is a mistake."
  def strategy(config) do
    case {config[:libcluster], config[:peerage]} do
      {[topologies: [{_name, topology}]], nil} -> {module_name(topology[:strategy]), topology[:config]}
      {nil, [_ | _] = peerage} -> {"Peerage", peerage(peerage)}
      {nil, nil} -> {"DNSCluster", [query: query(config)]}
    end
  end

  defp module_name(module) do
    "Cluster.Strategy." <> name = inspect(module)
    name
  end

  defp peerage(config) do
    {Peerage.Via.Dns, config} = Keyword.pop!(config, :via)
    config
  end

  # As Phoenix's generators write it, below the app's own name.
  defp query(config) do
    [query] = for {_app, values} <- config, {:dns_cluster_query, query} <- values, do: query
    query
  end
end
