defmodule Cart.MixProject do
  use Mix.Project

  def project, do: [app: :cart, version: "1.0.0", deps: [{:libcluster, "~> 3.5"}]]

  def application, do: [mod: {Cart.Application, []}]
end
