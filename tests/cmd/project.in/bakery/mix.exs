defmodule Bakery.MixProject do
  use Mix.Project

  def project do
    [apps_path: "apps", version: "1.0.0", releases: [bakery: [applications: [oven: :permanent]]]]
  end
end
