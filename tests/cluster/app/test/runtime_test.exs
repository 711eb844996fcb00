defmodule Cart.RuntimeTest do
  use ExUnit.Case

  import ExUnit.CaptureIO

  defp read(text) do
    path = Path.join(System.tmp_dir!(), "runtime-#{System.unique_integer([:positive])}.exs")
    File.write!(path, "import Config\n" <> text)
    on_exit(fn -> File.rm!(path) end)
    send(self(), Cart.Runtime.read(path))
  end

  defp strategy(text) do
    assert capture_io(fn -> read(text) end) =~ "cart-configured by"
    receive do: (read -> read)
  end

  test "reads what libcluster is told, variables and all" do
    System.put_env("CART_TEST_NAMESPACE", "shop")
    on_exit(fn -> System.delete_env("CART_TEST_NAMESPACE") end)

    assert strategy("""
           config :libcluster,
             topologies: [
               k8s: [
                 strategy: Cluster.Strategy.Kubernetes.DNSSRV,
                 config: [service: "cart", application_name: "cart", namespace: System.fetch_env!("CART_TEST_NAMESPACE")]
               ]
             ]
           """) == {"Kubernetes.DNSSRV", [service: "cart", application_name: "cart", namespace: "shop"]}
  end

  test "reads what the others are told" do
    assert strategy(~s|config :web, :dns_cluster_query, "cart"|) == {"DNSCluster", [query: "cart"]}

    assert strategy(~s|config :peerage, via: Peerage.Via.Dns, dns_name: "c", app_name: "cart"|) ==
             {"Peerage", [dns_name: "c", app_name: "cart"]}
  end

  test "is nothing where nothing is mounted" do
    assert Cart.Runtime.read("/nowhere") == nil
  end

  test "is a mistake where the configuration says nothing" do
    assert_raise MatchError, fn -> Cart.Runtime.strategy(other: [a: 1]) end
  end
end
