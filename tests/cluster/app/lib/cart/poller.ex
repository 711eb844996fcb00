defmodule Cart.Poller do
  @moduledoc """
  What libcluster's polling strategies have in common: ask for the peers, disconnect those that are gone, connect the
  others, and again after `polling_interval`.

  The first round is in `init`, as there: a strategy that crashes in it keeps the app from starting.
  """
  use GenServer

  import Cart.Log
  import Cart.Peers

  @doc "The names of the peers now. `known` are those of the round before."
  @callback peers(config :: keyword, known :: MapSet.t(node)) :: Enumerable.t()

  @doc """
  Starts polling. `loops: 2` is for the DNS strategies: they ask for a timeout beside their timer, and each of the two
  goes on for ever.
  """
  def start_link(strategy, config, opts \\ []) do
    GenServer.start_link(__MODULE__, {strategy, config, Keyword.get(opts, :loops, 1)})
  end

  @impl true
  def init({strategy, config, loops}) do
    state = poll(%{strategy: strategy, config: config, known: MapSet.new()})
    if loops == 2, do: {:ok, state, 0}, else: {:ok, state}
  end

  @impl true
  def handle_info(message, state) when message in [:timeout, :load], do: {:noreply, poll(state)}
  def handle_info(_, state), do: {:noreply, state}

  defp poll(%{strategy: strategy, config: config, known: known} = state) do
    found = MapSet.new(strategy.peers(config, known))
    for node <- MapSet.difference(known, found), node in others(), do: disconnect(node)
    connected = others()
    failed = for node <- found, node != node(), node not in connected, not connect(node), do: node
    Process.send_after(self(), :load, Keyword.get(config, :polling_interval, 5_000))
    %{state | known: MapSet.difference(found, MapSet.new(failed))}
  end

  defp disconnect(node) do
    case :erlang.disconnect_node(node) do
      true -> info("disconnected from #{inspect(node)}")
      false -> warn("disconnect from #{inspect(node)} failed because we're already disconnected")
      :ignored -> warn("disconnect from #{inspect(node)} failed because it is not part of the network")
    end
  end
end
