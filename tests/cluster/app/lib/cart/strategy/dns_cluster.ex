defmodule Cart.Strategy.DNSCluster do
  @moduledoc """
  Connects to its own basename at the addresses of a name, as dns_cluster 0.2.0 does. It disconnects nobody, and logs
  nothing but that the node cannot be reached by DNS at all.
  """
  use GenServer
  require Logger

  def start_link(config), do: GenServer.start_link(__MODULE__, config)

  @impl true
  def init(config) do
    case Keyword.fetch!(config, :query) do
      :ignore ->
        :ignore

      query ->
        warn_of_distribution(:net_kernel.get_state())
        [basename, _host] = String.split(to_string(node()), "@")
        state = %{query: to_charlist(query), basename: basename, interval: Keyword.get(config, :interval, 5_000)}
        {:ok, state, {:continue, :discover}}
    end
  end

  @impl true
  def handle_continue(:discover, state), do: discover(state)

  @impl true
  def handle_info(:discover, state), do: discover(state)
  def handle_info(_, state), do: {:noreply, state}

  defp discover(state) do
    peers =
      for type <- [:a, :aaaa], ip <- resolve(state.query, type), uniq: true, do: :"#{state.basename}@#{:inet.ntoa(ip)}"

    fresh = peers -- Node.list()

    fresh
    |> Task.async_stream(&Node.connect/1, max_concurrency: max(1, length(peers)), timeout: 10_000)
    |> Stream.run()

    Process.send_after(self(), :discover, state.interval)
    {:noreply, state}
  end

  defp resolve(query, type) do
    case :inet_res.getbyname(query, type) do
      {:ok, {:hostent, _name, _aliases, _family, _length, addresses}} -> addresses
      {:error, _} -> []
    end
  end

  defp warn_of_distribution(%{started: :no}) do
    Logger.warning(
      "node not running in distributed mode. Ensure the following exports are set in your rel/env.sh.eex file:\n" <>
        exports()
    )
  end

  defp warn_of_distribution(%{name_domain: :shortnames}) do
    Logger.warning(
      "node not running with longnames which are required for DNS discovery.\n" <>
        "Ensure the following exports are set in your rel/env.sh.eex file:\n" <> exports()
    )
  end

  defp warn_of_distribution(_), do: :ok

  defp exports do
    """

        #!/bin/sh

        export RELEASE_DISTRIBUTION=name
        export RELEASE_NODE="myapp@fully-qualified-host-or-ip"
    """
  end
end
