export RELEASE_NODE=cart@$(hostname -f)
