module beamgate/deploy/image/oci

go 1.19
