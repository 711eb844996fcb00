defmodule Cart.Declaration do
  @moduledoc """
  What the app is configured to do, out of the labels and annotations of its own pod (`beamgate.dev/…`), which the downward
  API mounts at `/etc/podinfo`.

  A compiled app has this in `config/runtime.exs`. Here the manifest is the configuration, so that what is declared of an app
  and what the app does cannot differ. The result has libcluster's names for the options.
  """

  @prefix "beamgate.dev/"
  @service_account "/var/run/secrets/kubernetes.io/serviceaccount"

  @doc "The strategies and their options: that of the label, and the further ones; none where none is declared."
  def read(directory \\ System.get_env("CART_PODINFO", "/etc/podinfo")) do
    case read_map(Path.join(directory, "labels"))["strategy"] do
      nil ->
        []

      strategy ->
        declared = read_map(Path.join(directory, "annotations"))
        further = for line <- lines(declared["topologies"]), do: further(line, declared)
        [strategy(strategy, declared) | further]
    end
  end

  defp lines(nil), do: []
  defp lines(text), do: text |> String.split("\n") |> Enum.map(&String.trim/1) |> Enum.reject(&(&1 == ""))

  # `Kubernetes.DNS basename=worker service=worker`; the cluster's domain is that of all of them.
  defp further(line, declared) do
    [strategy | options] = line |> String.replace_prefix("- ", "") |> String.split(~r/\s+(?=[a-z-]+=)/)
    options = Map.new(options, fn option -> option |> String.split("=", parts: 2) |> List.to_tuple() end)
    strategy(strategy, Map.merge(Map.take(declared, ["cluster-domain"]), options))
  end

  @doc "Translates annotations into the options of a strategy. What is not declared is not among them."
  def strategy(name, declared) do
    name = name |> String.replace_prefix("Elixir.", "") |> String.replace_prefix("Cluster.Strategy.", "")
    declared = Map.new(declared, fn {key, value} -> {key, expand(value)} end)
    {name, Enum.reject(options(name, declared), &(&1 == nil)) ++ interval(name)}
  end

  defp options("Kubernetes", declared) do
    [
      basename(declared, :kubernetes_node_basename),
      take(declared, "selector", :kubernetes_selector),
      take(declared, "service", :kubernetes_service_name),
      take(declared, "namespace", :kubernetes_namespace),
      take(declared, "mode", :mode, &atom/1),
      take(declared, "lookup", :kubernetes_ip_lookup_mode, &atom/1),
      cluster_name(declared["cluster-domain"])
    ]
  end

  defp options("Kubernetes.DNS", declared) do
    [basename(declared, :application_name), take(declared, "service", :service)]
  end

  # libcluster demands a namespace; a declaration leaves it out where it is the pod's own.
  defp options("Kubernetes.DNSSRV", declared) do
    declared = Map.put_new_lazy(declared, "namespace", &own_namespace/0)
    set_cluster_domain(declared["cluster-domain"])

    [
      basename(declared, :application_name),
      take(declared, "service", :service),
      take(declared, "namespace", :namespace)
    ]
  end

  defp options("DNSPoll", declared) do
    [basename(declared, :node_basename), take(declared, "service", :query)]
  end

  # As Phoenix's generators write it.
  defp options("DNSCluster", declared) do
    [query: Map.get_lazy(declared, "service", fn -> System.get_env("DNS_CLUSTER_QUERY") end) || :ignore]
  end

  defp options("Peerage", declared) do
    [basename(declared, :app_name), take(declared, "service", :dns_name)]
  end

  # Apps of other namespaces are on the same network, and are not to be heard.
  defp options("Gossip", _declared), do: [secret: own_namespace()]

  defp options(_unknown, _declared), do: []

  defp take(declared, key, option, convert \\ & &1) do
    with {:ok, value} <- Map.fetch(declared, key), do: {option, convert.(value)}, else: (:error -> nil)
  end

  # A declaration leaves the basename out where the node's own name says it.
  defp basename(declared, option) do
    own = node() |> Atom.to_string() |> String.split("@") |> hd()
    take(Map.put_new(declared, "basename", own), "basename", option)
  end

  defp atom(nil), do: nil
  defp atom(word), do: word |> String.trim_leading(":") |> String.to_atom()

  # libcluster writes `.local` itself: there is no option for a domain that ends otherwise.
  defp cluster_name(nil), do: nil

  defp cluster_name(domain) do
    case String.split(String.trim(domain, "."), ~r/\.local$/) do
      [name, ""] -> {:kubernetes_cluster_name, name}
      _ -> nil
    end
  end

  # DNSSRV has no option for the domain, only this variable.
  defp set_cluster_domain(nil), do: :ok

  defp set_cluster_domain(domain) do
    unless System.get_env("CLUSTER_DOMAIN"), do: System.put_env("CLUSTER_DOMAIN", domain)
  end

  # The token may not be mounted; the resolver's configuration always is.
  defp own_namespace do
    with {:error, _} <- File.read(Path.join(@service_account, "namespace")),
         {:ok, resolv} <- File.read("/etc/resolv.conf"),
         [_, namespace] <- Regex.run(~r/^search ([^. ]+)\.svc\./m, resolv) do
      namespace
    else
      {:ok, namespace} -> String.trim(namespace)
      _ -> "default"
    end
  end

  # `CART_POLL_MS` makes tests faster; unset, each library has its own default.
  defp interval(name) do
    case System.get_env("CART_POLL_MS") do
      nil -> []
      ms when name in ["DNSCluster", "Peerage"] -> [interval: String.to_integer(ms)]
      ms -> [polling_interval: String.to_integer(ms)]
    end
  end

  # A value that is one reference is `System.get_env("VAR")`, so it may be nil; in a longer one it is interpolated.
  defp expand(value) do
    case Regex.run(~r/^\$\(([^()]+)\)$/, value) do
      [_, variable] -> System.get_env(variable)
      nil -> Regex.replace(~r/\$\(([^()]+)\)/, value, fn _, variable -> System.get_env(variable, "") end)
    end
  end

  # Lines of `key="value"`, the value as Go quotes it.
  defp read_map(path) do
    case File.read(path) do
      {:ok, text} -> for [_, key, value] <- Regex.scan(line(), text), into: %{}, do: {key, unquoted(value)}
      {:error, _} -> %{}
    end
  end

  defp line, do: Regex.compile!("^" <> Regex.escape(@prefix) <> "([^=]+)=\"(.*)\"$", "m")

  defp unquoted(value) do
    Regex.replace(~r/\\(.)/, value, fn
      _, "n" -> "\n"
      _, "t" -> "\t"
      _, char -> char
    end)
    |> String.trim()
  end
end
