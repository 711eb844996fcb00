#!/bin/sh

# # Set the release to work across nodes.
# export RELEASE_DISTRIBUTION=name
# export RELEASE_NODE=cart
