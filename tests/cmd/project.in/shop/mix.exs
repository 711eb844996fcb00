defmodule Shop.MixProject do
  use Mix.Project

  def project do
    [app: :shop, version: "1.0.0", releases: releases(), deps: [{:libcluster, "~> 3.5"}]]
  end

  defp releases do
    [
      web: [rel_templates_path: "rel/web", applications: [runtime_tools: :permanent]],
      jobs: [cookie: System.fetch_env!("BUILD_COOKIE")]
    ]
  end
end
