defmodule Cart.MixProject do
  use Mix.Project
end
