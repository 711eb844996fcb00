#!/bin/sh
export RELEASE_DISTRIBUTION=name
export RELEASE_NODE="cart@${MY_POD_IP}"
