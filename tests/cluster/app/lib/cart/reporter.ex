defmodule Cart.Reporter do
  @moduledoc "Says on standard output, every two seconds, what this node is called and whom it sees."
  use GenServer

  @every 2_000

  def start_link(_), do: GenServer.start_link(__MODULE__, nil)

  @impl true
  def init(nil) do
    :timer.send_interval(@every, :report)
    {:ok, nil, {:continue, :report}}
  end

  @impl true
  def handle_continue(:report, state), do: report(state)

  @impl true
  def handle_info(:report, state), do: report(state)

  defp report(state) do
    IO.puts("cart-report " <> line(node(), Node.list(), Node.list(:hidden)))
    {:noreply, state}
  end

  @doc false
  def line(node, visible, hidden) do
    ~s({"node":#{string(node)},"nodes":#{array(visible)},"hidden":#{array(hidden)}})
  end

  defp array(nodes), do: "[" <> (nodes |> Enum.sort() |> Enum.map_join(",", &string/1)) <> "]"

  # A node's name holds no control characters, so these two are all that JSON escapes.
  defp string(node), do: ~s(") <> String.replace(to_string(node), ["\\", "\""], &("\\" <> &1)) <> ~s(")
end
