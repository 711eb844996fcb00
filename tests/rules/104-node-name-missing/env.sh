#!/bin/sh

# # Set the release to work across nodes.
# # RELEASE_DISTRIBUTION must be sname (local), name (distributed) or none.
# export RELEASE_DISTRIBUTION=name
# export RELEASE_NODE=<%= @release.name %>
