defmodule Cart.Strategy.Kubernetes.DNS do
  @moduledoc "Asks for the addresses of a Service, as libcluster 3.5.0 does in `lib/strategy/kubernetes_dns.ex`."
  @behaviour Cart.Poller

  import Cart.Log

  def start_link(config), do: Cart.Poller.start_link(__MODULE__, config, loops: 2)

  @impl true
  def peers(config, _known) do
    basename = Keyword.fetch!(config, :application_name)
    service = Keyword.fetch!(config, :service)

    cond do
      basename == nil -> not_configured("kubernetes.DNS strategy", :application_name)
      service == nil -> not_configured("kubernetes strategy", :service)
      true -> resolve(service, basename, Keyword.get(config, :resolver, &:inet_res.getbyname(&1, :a)))
    end
  end

  # `getbyname` completes the name from the resolver's search list. A CNAME before the addresses matches neither clause.
  defp resolve(service, basename, resolver) do
    case resolver.(to_charlist(service)) do
      {:ok, {:hostent, _name, [], :inet, _length, addresses}} ->
        for address <- addresses, do: :"#{basename}@#{:inet.ntoa(address)}"

      {:error, reason} ->
        error("lookup against #{service} failed: #{inspect(reason)}")
        []
    end
  end

  @doc false
  def not_configured(strategy, option) do
    warn("#{strategy} is selected, but #{inspect(option)} is not configured!")
    []
  end
end
