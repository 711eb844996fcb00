#!/bin/sh
export RELEASE_DISTRIBUTION=name
export RELEASE_NODE="${RELEASE_NODE:-basket@127.0.0.1}"
