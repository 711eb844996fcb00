defmodule Cart.TextTest do
  use ExUnit.Case

  alias Cart.{Json, Reporter}

  test "reads JSON" do
    text = ~S( {"a": [1, -2.5e3, true, false, null, {}, []], "b\n\"\\\u00e9\ud83d\ude00é": "x"} )
    assert Json.decode!(text) == %{"a" => [1, -2500.0, true, false, nil, %{}, []], "b\n\"\\é😀é" => "x"}
  end

  test "does not read anything else" do
    for text <- ["", "{", "[1 2]", "{}x", "nul"], do: assert_raise_any(fn -> Json.decode!(text) end)
  end

  test "reports sorted names, whatever is in them" do
    assert Reporter.line(:"a@$(\"X\")", [:c@h, :b@h], [:d@h]) ==
             ~S|{"node":"a@$(\"X\")","nodes":["b@h","c@h"],"hidden":["d@h"]}|
  end

  defp assert_raise_any(fun) do
    fun.()
    flunk("nothing was raised")
  rescue
    error in [ExUnit.AssertionError] -> reraise(error, __STACKTRACE__)
    _ -> :ok
  end
end
