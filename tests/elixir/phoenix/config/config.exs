# As `mix phx.new` writes it, shortened.
import Config

config :cart,
  ecto_repos: [Cart.Repo],
  generators: [timestamp_type: :utc_datetime]

config :cart, CartWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter

config :esbuild,
  version: "0.17.11",
  cart: [
    args: ~w(js/app.js --bundle --target=es2017),
    cd: Path.expand("../assets", __DIR__),
    env: %{"NODE_PATH" => Path.expand("../deps", __DIR__)}
  ]

config :logger, :console, format: "$time $metadata[$level] $message\n"
config :phoenix, :json_library, Jason

# Import environment specific config.
import_config "#{config_env()}.exs"
