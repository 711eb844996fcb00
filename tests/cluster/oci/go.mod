module beamgate/tests/cluster/oci

go 1.19
