defmodule Cart.Peers do
  @moduledoc "Connects nodes as libcluster does, and says what comes of it in the same words."
  import Cart.Log

  @doc "The nodes that are connected."
  def others, do: List.delete(:erlang.nodes(:connected), node())

  @doc "Whether a node could be connected."
  def connect(node) do
    result = :net_kernel.connect_node(node)

    case result do
      true -> info("connected to #{inspect(node)}")
      false -> warn("unable to connect to #{inspect(node)}")
      :ignored -> warn("unable to connect to #{inspect(node)}: not part of network")
    end

    result == true
  end

  @doc "Connects those that are neither this node nor connected."
  def connect_all(nodes) do
    for node <- nodes -- [node() | others()], do: connect(node)
  end
end
