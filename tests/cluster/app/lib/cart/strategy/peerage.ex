defmodule Cart.Strategy.Peerage do
  @moduledoc "Asks for the addresses of a full name, as `Peerage.Via.Dns` 1.0.3 does. It disconnects nobody."
  use GenServer
  require Logger

  def start_link(config), do: GenServer.start_link(__MODULE__, config)

  @impl true
  def init(config) do
    Process.send_after(self(), :poll, 500)
    {:ok, config}
  end

  @impl true
  def handle_info(:poll, config) do
    basename = Keyword.get(config, :app_name, "nonode")
    query = Keyword.get(config, :dns_name, "localhost")

    for address <- query |> to_charlist() |> :inet_res.lookup(:in, :a) do
      Logger.debug(" -> Peerage.Via.Dns resolved '#{query}' to #{:inet.ntoa(address)} ")
      peer = :"#{basename}@#{:inet.ntoa(address)}"
      if peer != node() and peer not in Node.list(), do: Node.connect(peer)
    end

    Process.send_after(self(), :poll, Keyword.get(config, :interval, 10_000))
    {:noreply, config}
  end

  def handle_info(_, config), do: {:noreply, config}
end
