defmodule Cart.StrategyTest do
  use ExUnit.Case

  import ExUnit.CaptureLog

  alias Cart.Strategy.{DNSPoll, Kubernetes}
  alias Cart.Strategy.Kubernetes.{DNS, DNSSRV}

  @base [kubernetes_node_basename: "cart", kubernetes_selector: "app=cart", kubernetes_namespace: "shop"]

  @endpoints """
  {"items": [{"metadata": {"name": "cart"}, "subsets": [{
    "addresses": [{"ip": "10.0.0.1", "hostname": "cart-0", "targetRef": {"namespace": "shop"}},
                  {"ip": "10.0.0.2", "targetRef": {"namespace": "shop"}}],
    "notReadyAddresses": [{"ip": "10.0.0.3", "targetRef": {"namespace": "shop"}}]}]},
    {"metadata": {"name": "empty"}}]}
  """

  @pods """
  {"items": [
    {"metadata": {"namespace": "shop"}, "spec": {"hostname": "cart-0"}, "status": {"podIP": "10.0.0.1"}},
    {"metadata": {"namespace": "shop"}, "spec": {}, "status": {"phase": "Pending"}}]}
  """

  defp names(body, config), do: Kubernetes.names(body, config ++ @base)

  test "endpoints that are ready become names in each mode" do
    assert names(@endpoints, []) == [:"cart@10.0.0.1", :"cart@10.0.0.2"]

    assert names(@endpoints, mode: :dns, kubernetes_cluster_name: "prod") ==
             [:"cart@10-0-0-1.shop.pod.prod.local", :"cart@10-0-0-2.shop.pod.prod.local"]

    assert names(@endpoints, mode: :hostname, kubernetes_service_name: "c") ==
             [:"cart@cart-0.c.shop.svc.cluster.local", :"cart@.c.shop.svc.cluster.local"]

    assert [:"cart@cart-0..shop.svc.cluster.local" | _] = names(@endpoints, mode: :hostname)
  end

  test "pods with an address become names" do
    assert names(@pods, kubernetes_ip_lookup_mode: :pods) == [:"cart@10.0.0.1"]

    assert names(@pods, kubernetes_ip_lookup_mode: :pods, mode: :hostname, kubernetes_service_name: "c") ==
             [:"cart@cart-0.c.shop.svc.cluster.local"]
  end

  test "nothing is no name" do
    assert names(~s({"items": []}), []) == []
    assert names(~s({"items": null}), []) == []
  end

  test "an address that nothing stands behind is a crash, and so is an unknown mode" do
    by_hand = ~s({"items": [{"subsets": [{"addresses": [{"ip": "192.0.2.1"}]}]}]})
    assert_raise FunctionClauseError, fn -> names(by_hand, []) end
    assert_raise FunctionClauseError, fn -> names(@endpoints, mode: :host) end
    assert_raise CaseClauseError, fn -> Kubernetes.url(lookup_of(:slices)) end
  end

  defp lookup_of(kind), do: [kubernetes_ip_lookup_mode: kind] ++ @base

  test "the request" do
    assert Kubernetes.url(@base) ==
             "https://kubernetes.default.svc.cluster.local/api/v1/namespaces/shop/endpoints?labelSelector=app%3Dcart"

    assert Kubernetes.url([kubernetes_cluster_name: "prod"] ++ lookup_of(:pods)) ==
             "https://kubernetes.default.svc.prod.local/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart"
  end

  test "what is configured as nil is said, and is no crash" do
    log = capture_log(fn -> assert Kubernetes.peers(Keyword.put(@base, :kubernetes_selector, nil), []) == [] end)
    assert log =~ "[libcluster:cart] kubernetes strategy is selected, but :kubernetes_selector is not configured!"
  end

  defp dns(resolver), do: DNS.peers([application_name: "cart", service: "c", resolver: resolver], [])

  test "addresses from DNS" do
    assert dns(fn 'c' -> {:ok, {:hostent, 'c', [], :inet, 4, [{10, 0, 0, 1}]}} end) == [:"cart@10.0.0.1"]
    log = capture_log(fn -> assert dns(fn _ -> {:error, :nxdomain} end) == [] end)
    assert log =~ "[error] [libcluster:cart] lookup against c failed: :nxdomain"
    alias_of_another = {:ok, {:hostent, 'c', ['d'], :inet, 4, [{10, 0, 0, 1}]}}
    assert_raise CaseClauseError, fn -> dns(fn _ -> alias_of_another end) end
  end

  test "targets from SRV records" do
    config = [application_name: "cart", service: "c", namespace: "shop"]
    records = [{0, 50, 4369, 'cart-0.c.shop.svc.cluster.local'}]
    found = fn 'c.shop.svc.cluster.local.' -> {:ok, {:hostent, 'c', [], :srv, 1, records}} end
    assert DNSSRV.peers([resolver: found] ++ config, []) == [:"cart@cart-0.c.shop.svc.cluster.local"]

    log = capture_log(fn -> assert DNSSRV.peers([resolver: fn _ -> {:error, :nxdomain} end] ++ config, []) == [] end)
    assert log =~ "'c.shop.svc.cluster.local.' : lookup against c failed: :nxdomain"
    assert_raise KeyError, fn -> DNSSRV.peers(Keyword.delete(config, :namespace), []) end
  end

  test "polling needs both of its options, or neither" do
    assert capture_log(fn -> DNSPoll.peers([], []) end) =~ "but query and basename params missed"
    assert_raise FunctionClauseError, fn -> DNSPoll.peers([query: "c"], []) end
    found = [query: "c", node_basename: "cart", resolver: fn 'c' -> [{10, 0, 0, 1}] end]
    assert DNSPoll.peers(found, []) == [:"cart@10.0.0.1"]
  end

  test "a heartbeat is heard by those who share its secret" do
    alias Cart.Strategy.Gossip
    assert Gossip.open(Gossip.packet(:a@b, nil), nil) == "heartbeat::" <> :erlang.term_to_binary(%{node: :a@b})
    sealed = Gossip.packet(:a@b, "shop")
    assert Gossip.open(sealed, "shop") == Gossip.packet(:a@b, nil)
    refute Gossip.open(sealed, "other") == Gossip.packet(:a@b, nil)
    assert Gossip.open("short", "shop") == :error
  end

  test "only the nodes of this host are dialled, and nothing is, where there is no epmd" do
    case :erl_epmd.names() do
      {:ok, _} -> assert Cart.Strategy.LocalEpmd.start_link([]) == :ignore
      {:error, _} -> assert_raise MatchError, fn -> Cart.Strategy.LocalEpmd.start_link([]) end
    end
  end
end
