defmodule Cart.DeclarationTest do
  use ExUnit.Case

  alias Cart.Declaration

  setup do
    directory = Path.join(System.tmp_dir!(), "podinfo-#{System.unique_integer([:positive])}")
    File.mkdir_p!(directory)
    on_exit(fn -> File.rm_rf!(directory) end)
    %{directory: directory}
  end

  test "reads what the downward API mounts", %{directory: directory} do
    File.write!(Path.join(directory, "labels"), ~s(app="cart"\nbeamgate.dev/strategy="Kubernetes"\n))

    File.write!(Path.join(directory, "annotations"), """
    beamgate.dev/basename="cart"
    beamgate.dev/mode="hostname"
    beamgate.dev/lookup="pods"
    beamgate.dev/selector="app in (cart, \\"x\\")"
    beamgate.dev/service="cart-headless"
    beamgate.dev/cluster-domain="prod.local"
    kubernetes.io/config.seen="now"
    """)

    assert Declaration.read(directory) == [
             {"Kubernetes",
              [
                kubernetes_node_basename: "cart",
                kubernetes_selector: ~s|app in (cart, "x")|,
                kubernetes_service_name: "cart-headless",
                mode: :hostname,
                kubernetes_ip_lookup_mode: :pods,
                kubernetes_cluster_name: "prod"
              ]}
           ]
  end

  test "is nothing where nothing is mounted" do
    assert Declaration.read("/nowhere") == []
  end

  test "reads the further topologies, one a line", %{directory: directory} do
    File.write!(Path.join(directory, "labels"), ~s(beamgate.dev/strategy="Gossip"\n))

    File.write!(Path.join(directory, "annotations"), """
    beamgate.dev/cluster-domain="prod.local"
    beamgate.dev/topologies="Kubernetes.DNS basename=worker service=worker\\n- Kubernetes selector=app in (a, b) basename=b\\n"
    """)

    assert [
             {"Gossip", _},
             {"Kubernetes.DNS", [application_name: "worker", service: "worker"]},
             {"Kubernetes",
              [kubernetes_node_basename: "b", kubernetes_selector: "app in (a, b)", kubernetes_cluster_name: "prod"]}
           ] = Declaration.read(directory)
  end

  test "takes variables from the container" do
    System.put_env("CART_TEST_SERVICE", "cart-headless")
    on_exit(fn -> System.delete_env("CART_TEST_SERVICE") end)

    assert {"Kubernetes.DNS", [application_name: _, service: "cart-headless.shop"]} =
             Declaration.strategy("Cluster.Strategy.Kubernetes.DNS", %{"service" => "$(CART_TEST_SERVICE).shop"})

    assert {_, [application_name: nil]} = Declaration.strategy("Kubernetes.DNS", %{"basename" => "$(CART_TEST_UNSET)"})
  end

  test "leaves out what is not declared, so that the strategy misses it" do
    {_, config} = Declaration.strategy("Kubernetes", %{"basename" => "cart"})
    assert_raise KeyError, ~r/key :kubernetes_selector not found/, fn -> Cart.Strategy.Kubernetes.peers(config, []) end
  end

  test "hears nobody of another namespace" do
    assert {"Gossip", [secret: _]} = Declaration.strategy("Gossip", %{})
    assert Declaration.strategy("LocalEpmd", %{}) == {"LocalEpmd", []}
  end

  test "asks for nothing without Phoenix's variable" do
    assert Declaration.strategy("DNSCluster", %{}) == {"DNSCluster", [query: :ignore]}
  end
end
