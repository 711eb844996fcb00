defmodule Cart.Log do
  @moduledoc "Log lines as libcluster writes them, for a topology that is called `cart`."
  require Logger

  def info(text), do: Logger.info("[libcluster:cart] " <> text)
  def warn(text), do: Logger.warning("[libcluster:cart] " <> text)
  def error(text), do: Logger.error("[libcluster:cart] " <> text)
end
