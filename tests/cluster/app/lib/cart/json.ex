defmodule Cart.Json do
  @moduledoc "Reads JSON. OTP 25 has no reader, and dependencies cannot be had everywhere."

  @doc "The value of a JSON text; raises where it is none."
  def decode!(text) do
    {value, rest} = value(skip(text))
    "" = skip(rest)
    value
  end

  defp value("{" <> rest), do: members(skip(rest), %{})
  defp value("[" <> rest), do: elements(skip(rest), [])
  defp value("\"" <> rest), do: string(rest, "")
  defp value("true" <> rest), do: {true, rest}
  defp value("false" <> rest), do: {false, rest}
  defp value("null" <> rest), do: {nil, rest}

  defp value(text) do
    [number] = Regex.run(~r/^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, text)
    {number(number), binary_part(text, byte_size(number), byte_size(text) - byte_size(number))}
  end

  defp number(text) do
    case Integer.parse(text) do
      {integer, ""} -> integer
      _ -> text |> Float.parse() |> elem(0)
    end
  end

  defp members("}" <> rest, map), do: {map, rest}

  defp members("\"" <> rest, map) do
    {key, rest} = string(rest, "")
    ":" <> rest = skip(rest)
    {value, rest} = value(skip(rest))
    map = Map.put(map, key, value)

    case skip(rest) do
      "," <> rest -> members(skip(rest), map)
      "}" <> rest -> {map, rest}
    end
  end

  defp elements("]" <> rest, list), do: {Enum.reverse(list), rest}

  defp elements(text, list) do
    {value, rest} = value(text)

    case skip(rest) do
      "," <> rest -> elements(skip(rest), [value | list])
      "]" <> rest -> {Enum.reverse([value | list]), rest}
    end
  end

  @escapes %{?n => "\n", ?t => "\t", ?r => "\r", ?b => "\b", ?f => "\f"}

  defp string("\"" <> rest, text), do: {text, rest}
  defp string("\\u" <> rest, text), do: unicode(rest, text)
  defp string(<<?\\, char, rest::binary>>, text), do: string(rest, text <> Map.get(@escapes, char, <<char>>))
  defp string(<<char::utf8, rest::binary>>, text), do: string(rest, <<text::binary, char::utf8>>)

  # Beyond the first plane, a character is a pair of UTF-16 surrogates.
  defp unicode(<<high::binary-4, "\\u", low::binary-4, rest::binary>>, text) when high >= "d800" and high < "e" do
    pair = <<String.to_integer(high, 16)::16, String.to_integer(low, 16)::16>>
    string(rest, text <> :unicode.characters_to_binary(pair, :utf16))
  end

  defp unicode(<<code::binary-4, rest::binary>>, text) do
    string(rest, <<text::binary, String.to_integer(code, 16)::utf8>>)
  end

  defp skip(<<char, rest::binary>>) when char in ' \n\r\t', do: skip(rest)
  defp skip(text), do: text
end
