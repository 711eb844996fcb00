defmodule Cart.Strategy.Gossip do
  @moduledoc """
  Says its name by multicast and connects whomever it hears, as `Cluster.Strategy.Gossip` of libcluster 3.5.0 does, in the same
  packets: `heartbeat::` and a term, encrypted where there is a `:secret`.
  """
  use GenServer

  @prelude "heartbeat::"
  @port 45_892
  @group {233, 252, 1, 32}
  @any {0, 0, 0, 0}
  # SO_REUSEPORT of SOL_SOCKET, as the original numbers them; Linux ignores what it does not know there.
  @reuse_port {:raw, 0xFFFF, 0x0200, <<1::native-32>>}

  def start_link(config), do: GenServer.start_link(__MODULE__, config)

  @impl true
  def init(config) do
    port = Keyword.get(config, :port, @port)
    {:ok, socket} = :gen_udp.open(port, options())
    {:ok, %{socket: socket, port: port, secret: config[:secret]}, {:continue, :heartbeat}}
  end

  @impl true
  def handle_continue(:heartbeat, state), do: heartbeat(state)

  @impl true
  def handle_info(:heartbeat, state), do: heartbeat(state)

  def handle_info({:udp, _socket, _address, _port, packet}, state) do
    case open(packet, state.secret) do
      @prelude <> term -> hear(:erlang.binary_to_term(term))
      _ -> :ok
    end

    {:noreply, state}
  end

  @doc "What is sent of a name."
  def packet(name, secret), do: seal(@prelude <> :erlang.term_to_binary(%{node: name}), secret)

  @doc "What a packet holds; an error where the secret is another."
  def open(packet, nil), do: packet

  def open(<<iv::binary-16, sealed::binary>>, secret) do
    :crypto.crypto_one_time(:aes_256_cbc, key(secret), iv, sealed, encrypt: false, padding: :pkcs_padding)
  rescue
    ErlangError -> :error
  end

  def open(_, _), do: :error

  defp heartbeat(state) do
    :gen_udp.send(state.socket, @group, state.port, packet(node(), state.secret))
    Process.send_after(self(), :heartbeat, :rand.uniform(5_000))
    {:noreply, state}
  end

  defp hear(%{node: name}) when is_atom(name), do: Cart.Peers.connect_all([name])
  defp hear(_), do: :ok

  defp seal(text, nil), do: text

  defp seal(text, secret) do
    iv = :crypto.strong_rand_bytes(16)
    iv <> :crypto.crypto_one_time(:aes_256_cbc, key(secret), iv, text, encrypt: true, padding: :pkcs_padding)
  end

  defp key(secret), do: :crypto.hash(:sha256, secret)

  defp options do
    multicast = [multicast_ttl: 1, multicast_loop: true, add_membership: {@group, @any}]
    [:binary, @reuse_port, active: true, ip: @any, reuseaddr: true, broadcast: true] ++ multicast
  end
end
