defmodule Cart do
  use Application

  def start(_type, _args) do
    topologies = [
      k8s: [
        strategy: Cluster.Strategy.Kubernetes.DNSSRV,
        config: [service: "cart-headless", application_name: "cart", namespace: "shop"]
      ]
    ]

    Supervisor.start_link([{Cluster.Supervisor, [topologies, [name: Cart.Cluster]]}], strategy: :one_for_one)
  end
end
