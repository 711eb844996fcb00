# Each value that the reader knows, as a topology of its own.
import Config

one = "one"
list = [a: 1, b: [c: :d]]

config(:libcluster, topologies: [
  strings: ["plain", "tab\tquote\"", "a#{one}b#{:atom}#{12}#{nil}", ~s(sigil #{one}), ~S(no #{one}), 'charlist', ~c"other"],
  atoms: [:plain, :"with space", Some.Module, :"Elixir.Some.Module", true, false, nil],
  numbers: [1, 1_000, -2, 1.5],
  tuples: {:a, "b", c: 1},
  nested: list,
  joined: list ++ [e: "f"],
  pairs: [{:g, 1}, h: 2],
  quoted: ["quoted key": 1],
  branch: if(config_env() == :prod, do: "production", else: "other"),
  other: if config_env() == :dev do "development" else "not development" end,
  missing: if(false, do: 1),
  either: nil || "second",
  first: "first" || "second",
  both: true && "and",
  negated: !true,
  in: config_env() in [:dev, :prod],
  not_in: config_env() not in [:dev, :prod],
  equal: "a" == "a",
  piped: "x" |> to_charlist() |> to_string(),
  block: (x = "y"; x)
])

config :peerage, via: Peerage.Via.Dns, dns_name: "cart." <> one, app_name: one
config :cart, dns_cluster_query: {"cart", "cart-headless"}
