defmodule Cart.Release do
  @moduledoc "What Jobs run: `/app/bin/cart eval 'Cart.Release.migrate()'`."

  def migrate, do: IO.puts("cart-release migrated, as #{node()}")
  def seed, do: IO.puts("cart-release seeded, as #{node()}")
end
