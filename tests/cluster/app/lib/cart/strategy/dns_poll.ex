defmodule Cart.Strategy.DNSPoll do
  @moduledoc "Asks for the addresses of a full name, as libcluster 3.5.0 does in `lib/strategy/dns_poll.ex`."
  @behaviour Cart.Poller

  import Cart.Log

  def start_link(config), do: Cart.Poller.start_link(__MODULE__, config)

  @impl true
  def peers(config, _known) do
    resolver = Keyword.get(config, :resolver, &lookup/1)
    resolve(Keyword.fetch(config, :query), Keyword.fetch(config, :node_basename), resolver)
  end

  # `lookup` uses no search list, and an error is an empty answer.
  defp lookup(query), do: Enum.flat_map([:a, :aaaa], &:inet_res.lookup(query, :in, &1))

  defp resolve({:ok, query}, {:ok, basename}, resolver)
       when is_binary(query) and is_binary(basename) and query != "" and basename != "" do
    for address <- resolver.(to_charlist(query)), do: :"#{basename}@#{:inet.ntoa(address)}"
  end

  defp resolve({:ok, query}, {:ok, basename}, _resolver) do
    invalid = inspect(%{query: query, node_basename: basename})
    warn("dns polling strategy is selected, but query or basename param is invalid: #{invalid}")
    []
  end

  # One without the other matches no clause, and crashes.
  defp resolve(:error, :error, _resolver) do
    warn("dns polling strategy is selected, but query and basename params missed")
    []
  end
end
