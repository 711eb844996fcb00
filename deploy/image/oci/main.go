// Command oci writes container images without a container engine. What it writes depends on what it is given alone: names
// are sorted and times are zero.
//
//	oci layer [-root] DIR OUT.tar      with -root, everything belongs to root, whoever made it
//	oci image -out OUT.tar [-cmd WORD]... [-entrypoint WORD]... [-env NAME=VALUE]... [-user USER] NAME=LAYER[,LAYER]...
//	oci image -out OUT.tar -dockerfile FILE [-arg NAME=VALUE]... [-arch ARCH] [-created SECONDS] NAME=LAYER
//
// An archive may hold several images of the same configuration, and then holds the layers that they share once. It is an OCI
// layout with the index that older Dockers read, so `docker load`, `ctr image import` and `skopeo copy oci-archive:` take it.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "oci:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "layer":
		return create(args[2], func(out *os.File) error { return writeLayer(out, args[1], asItIs) })
	case len(args) == 4 && args[0] == "layer" && args[1] == "-root":
		return create(args[3], func(out *os.File) error { return writeLayer(out, args[2], asRoot) })
	case len(args) > 1 && args[0] == "image":
		return runImage(args[1:])
	}
	return fmt.Errorf("usage: oci layer [-root] DIR OUT.tar | oci image -out OUT.tar [-cmd WORD]... NAME=LAYER[,LAYER]...")
}

// create makes a file that is there in whole or not at all.
func create(path string, write func(*os.File) error) error {
	out, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer out.Close()
	if err := write(out); err != nil {
		os.Remove(out.Name())
		return err
	}
	return os.Rename(out.Name(), path)
}
