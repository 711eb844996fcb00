defmodule Oven.MixProject do
  use Mix.Project

  def project do
    [app: :oven, version: "1.0.0", build_path: "../../_build", deps: []]
  end
end
