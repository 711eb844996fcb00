import Config

if System.get_env("PHX_SERVER") do
  config :cart, CartWeb.Endpoint, server: true
end

if config_env() == :prod do
  database_url =
    System.get_env("DATABASE_URL") ||
      raise """
      environment variable DATABASE_URL is missing.
      For example: ecto://USER:PASS@HOST/DATABASE
      """

  maybe_ipv6 = if System.get_env("ECTO_IPV6") in ~w(true 1), do: [:inet6], else: []

  config :cart, Cart.Repo, url: database_url, socket_options: maybe_ipv6

  config :cart, :dns_cluster_query, System.get_env("DNS_CLUSTER_QUERY")

  config :cart, CartWeb.Endpoint, url: [host: System.get_env("PHX_HOST") || "example.com", port: 443]
end
