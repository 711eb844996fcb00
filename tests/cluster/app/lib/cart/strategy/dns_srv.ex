defmodule Cart.Strategy.Kubernetes.DNSSRV do
  @moduledoc "Asks for the SRV records of a Service, as libcluster 3.5.0 does in `lib/strategy/kubernetes_dns_srv.ex`."
  @behaviour Cart.Poller

  import Cart.Log
  import Cart.Strategy.Kubernetes.DNS, only: [not_configured: 2]

  def start_link(config), do: Cart.Poller.start_link(__MODULE__, config, loops: 2)

  @impl true
  def peers(config, _known) do
    basename = Keyword.fetch!(config, :application_name)
    service = Keyword.fetch!(config, :service)
    query = query(service, Keyword.fetch!(config, :namespace))

    cond do
      basename == nil -> not_configured("kubernetes.DNS strategy", :application_name)
      service == nil -> not_configured("kubernetes strategy", :service)
      true -> resolve(query, service, basename, Keyword.get(config, :resolver, &:inet_res.getbyname(&1, :srv)))
    end
  end

  @doc "The name that is asked for: a full one, and the default says so with a dot at the end."
  def query(service, namespace) do
    to_charlist("#{service}.#{namespace}.svc.#{System.get_env("CLUSTER_DOMAIN", "cluster.local.")}")
  end

  defp resolve(query, service, basename, resolver) do
    case resolver.(query) do
      {:ok, {:hostent, _name, _aliases, :srv, _length, records}} ->
        for {_priority, _weight, _port, target} <- records, do: :"#{basename}@#{target}"

      {:error, reason} ->
        error("#{inspect(query)} : lookup against #{service} failed: #{inspect(reason)}")
        []
    end
  end
end
