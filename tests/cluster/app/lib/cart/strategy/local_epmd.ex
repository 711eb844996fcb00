defmodule Cart.Strategy.LocalEpmd do
  @moduledoc """
  Connects the nodes that the epmd of its own host knows, once, as `Cluster.Strategy.LocalEpmd` of libcluster 3.5.0 does. Where no
  epmd runs it is a crash.
  """

  def start_link(_config) do
    {:ok, names} = :erl_epmd.names()
    [_, host] = node() |> Atom.to_string() |> String.split("@", parts: 2)
    Cart.Peers.connect_all(for {name, _port} <- names, do: :"#{name}@#{host}")
    :ignore
  end
end
