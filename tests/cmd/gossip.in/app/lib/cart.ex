defmodule Cart do
  use Application

  def start(_type, _args) do
    topologies = Application.get_env(:libcluster, :topologies, [])
    Supervisor.start_link([{Cluster.Supervisor, [topologies, []]}], strategy: :one_for_one)
  end
end
