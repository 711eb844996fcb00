defmodule Cart.Application do
  @moduledoc "An app that does nothing but find its peers and report them."
  use Application

  @impl true
  def start(_type, _args) do
    IO.puts("cart-node #{node()}")
    declared = if configured = Cart.Runtime.read(), do: [configured], else: Cart.Declaration.read()

    # The reporter comes first and apart: it lives as long as the app does, whatever happens to the strategy.
    children = [Cart.Reporter | Cart.Cluster.children(declared)]
    Supervisor.start_link(children, strategy: :one_for_one, name: Cart.Supervisor)
  end
end
