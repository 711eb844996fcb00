defmodule Cart.MixProject do
  use Mix.Project

  def project do
    [
      app: :cart,
      version: "1.0.0",
      elixir: "~> 1.14",
      start_permanent: Mix.env() == :prod,
      deps: deps(System.get_env("WITH_LIBCLUSTER")),
      # A cookie of its own for every build is what `mix release` makes. This one is fixed, so that the image is the same
      # each time; the image `cluster-demo:2` differs from `cluster-demo:1` in it.
      releases: [cart: [cookie: "cookie-of-the-first-image", include_executables_for: [:unix]]]
    ]
  end

  def application do
    [mod: {Cart.Application, []}, extra_applications: [:logger, :crypto, :ssl, :inets]]
  end

  defp deps("1"), do: [{:libcluster, "~> 3.5"}, {:dns_cluster, "~> 0.2"}]
  defp deps(_), do: []
end
