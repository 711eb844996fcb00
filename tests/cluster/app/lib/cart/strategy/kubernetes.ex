defmodule Cart.Strategy.Kubernetes do
  @moduledoc "Lists endpoints or pods by label, as libcluster 3.5.0 does in `lib/strategy/kubernetes.ex`."
  @behaviour Cart.Poller

  import Cart.Log

  @service_account "/var/run/secrets/kubernetes.io/serviceaccount"

  def start_link(config), do: Cart.Poller.start_link(__MODULE__, config)

  @impl true
  def peers(config, known) do
    basename = Keyword.fetch!(config, :kubernetes_node_basename)
    selector = Keyword.fetch!(config, :kubernetes_selector)

    cond do
      basename == nil -> not_configured(:kubernetes_node_basename)
      selector == nil -> not_configured(:kubernetes_selector)
      true -> config |> request() |> answer(config, known)
    end
  end

  defp not_configured(option) do
    warn("kubernetes strategy is selected, but #{inspect(option)} is not configured!")
    []
  end

  # The token is exchanged and the namespace may be, so all of it is read each time.
  defp request(config) do
    headers = [{'authorization', 'Bearer #{account("token")}'}]
    :httpc.request(:get, {to_charlist(url(config)), headers}, [ssl: tls(), timeout: 15_000], [])
  end

  defp answer({:ok, {{_, 200, _}, _, body}}, config, _known), do: names(body, config)

  # The peers are forgotten, and so disconnected.
  defp answer({:ok, {{_, 403, _}, _, body}}, _config, _known) do
    %{"message" => message} = Cart.Json.decode!(IO.iodata_to_binary(body))
    warn("cannot query kubernetes (unauthorized): #{message}")
    []
  end

  defp answer({:ok, {{_, code, status}, _, body}}, _config, known) do
    warn("cannot query kubernetes (#{code} #{status}): #{inspect(body)}")
    known
  end

  defp answer({:error, reason}, _config, known) do
    error("request to kubernetes failed!: #{inspect(reason)}")
    known
  end

  @doc "The address of the list of endpoints or pods."
  def url(config) do
    namespace = Keyword.get(config, :kubernetes_namespace) || account("namespace")
    query = URI.encode_query([labelSelector: Keyword.fetch!(config, :kubernetes_selector)], :rfc3986)

    resource =
      case lookup(config) do
        :endpoints -> "endpoints"
        :pods -> "pods"
      end

    "https://#{master(config)}/api/v1/namespaces/#{namespace}/#{resource}?#{query}"
  end

  # The variable changes this host, and only this.
  defp master(config) do
    "kubernetes.default.svc." <> System.get_env("CLUSTER_DOMAIN", "#{cluster_name(config)}.local")
  end

  defp tls do
    authority = Path.join(@service_account, "ca.crt")

    if File.exists?(authority),
      do: [verify: :verify_peer, cacertfile: to_charlist(authority)],
      else: [verify: :verify_none]
  end

  defp account(file) do
    case File.read(Path.join(@service_account, file)) do
      {:ok, text} -> String.trim(text)
      {:error, _} -> ""
    end
  end

  @doc "The nodes that a list of endpoints or pods makes."
  def names(body, config) do
    for address <- addresses(lookup(config), Cart.Json.decode!(IO.iodata_to_binary(body))) do
      name(Keyword.get(config, :mode, :ip), address, config)
    end
  end

  # Only what is ready is here. An address without `targetRef`, as a Service without a selector has it, is a crash.
  defp addresses(:endpoints, %{"items" => items}) when is_list(items) do
    for %{"subsets" => [_ | _] = subsets} <- items, %{"addresses" => [_ | _] = ready} <- subsets, address <- ready do
      endpoint(address)
    end
  end

  # Whatever has an address is here: ready or not, terminating, or done.
  defp addresses(:pods, %{"items" => items}) when is_list(items) do
    for %{"status" => %{"podIP" => ip}, "metadata" => %{"namespace" => namespace}, "spec" => spec} <- items do
      %{ip: ip, namespace: namespace, hostname: spec["hostname"]}
    end
  end

  defp addresses(_lookup, _nothing), do: []

  defp endpoint(%{"ip" => ip, "targetRef" => %{"namespace" => namespace}} = address) do
    %{ip: ip, namespace: namespace, hostname: address["hostname"]}
  end

  defp name(:ip, %{ip: ip}, config), do: :"#{basename(config)}@#{ip}"

  defp name(:hostname, %{hostname: hostname, namespace: namespace}, config) do
    service = Keyword.get(config, :kubernetes_service_name)
    :"#{basename(config)}@#{hostname}.#{service}.#{namespace}.svc.#{cluster_name(config)}.local"
  end

  defp name(:dns, %{ip: ip, namespace: namespace}, config) do
    :"#{basename(config)}@#{String.replace(ip, ".", "-")}.#{namespace}.pod.#{cluster_name(config)}.local"
  end

  defp basename(config), do: Keyword.fetch!(config, :kubernetes_node_basename)
  defp cluster_name(config), do: Keyword.get(config, :kubernetes_cluster_name, "cluster")
  defp lookup(config), do: Keyword.get(config, :kubernetes_ip_lookup_mode, :endpoints)
end
