defmodule Cart.MixProject do
  use Mix.Project

  def project do
    [app: :cart, version: "1.0.0", elixir: "~> 1.14", deps: [{:libcluster, "~> 3.5"}]]
  end
end
