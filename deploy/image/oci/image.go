package main

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// words is a flag that may be given several times.
type words []string

func (w *words) String() string         { return strings.Join(*w, " ") }
func (w *words) Set(value string) error { *w = append(*w, value); return nil }

// settings are the part of an image's configuration that a container runs by, and its labels.
type settings struct {
	User       string            `json:"User,omitempty"`
	Env        words             `json:"Env,omitempty"`
	Entrypoint words             `json:"Entrypoint,omitempty"`
	Cmd        words             `json:"Cmd,omitempty"`
	Labels     map[string]string `json:"Labels,omitempty"`
}

// configuration is what the image specification calls so.
type configuration struct {
	Architecture string   `json:"architecture"`
	OS           string   `json:"os"`
	Created      string   `json:"created,omitempty"`
	Config       settings `json:"config"`
	RootFS       rootFS   `json:"rootfs"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

// descriptor points at a blob, as the OCI's image specification has it.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

const media = "application/vnd.oci.image."

func runImage(args []string) error {
	var config settings
	var given words
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	out := flags.String("out", "", "the archive")
	arch := flags.String("arch", runtime.GOARCH, "the architecture, as Go calls it")
	created := flags.Int64("created", 0, "when it was made, in seconds since 1970; 0 says nothing")
	dockerfile := flags.String("dockerfile", "", "a Dockerfile, to take the settings of its last stage")
	flags.Var(&given, "arg", "NAME=VALUE of an ARG of the Dockerfile")
	flags.StringVar(&config.User, "user", "", "the user, by number")
	flags.Var(&config.Env, "env", "a variable of the environment")
	flags.Var(&config.Entrypoint, "entrypoint", "a word of the entry point")
	flags.Var(&config.Cmd, "cmd", "a word of the command")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" || flags.NArg() == 0 {
		return fmt.Errorf("image: -out and at least one NAME=LAYER are needed")
	}
	if *dockerfile != "" {
		if err := config.read(*dockerfile, given); err != nil {
			return err
		}
	}
	about := configuration{Architecture: *arch, OS: "linux", Config: config}
	if *created != 0 {
		about.Created = time.Unix(*created, 0).UTC().Format(time.RFC3339)
	}
	return create(*out, func(file *os.File) error {
		archive := &archive{tar: tar.NewWriter(file), digests: map[string]descriptor{}}
		if err := archive.images(about, flags.Args()); err != nil {
			return err
		}
		return archive.tar.Close()
	})
}

// archive is an OCI image layout in a tar file.
type archive struct {
	tar *tar.Writer
	// What is in it already, by what it came from.
	digests map[string]descriptor
}

// images writes them, and the indexes: that of the specification, and the one that Docker had before it.
func (a *archive) images(about configuration, specs []string) error {
	var manifests []descriptor
	var saved []savedImage
	for _, spec := range specs {
		name, layers, found := strings.Cut(spec, "=")
		if !found {
			return fmt.Errorf("image: %q is not NAME=LAYER", spec)
		}
		manifest, image, err := a.image(about, strings.Split(layers, ","))
		if err != nil {
			return err
		}
		// The first is what containerd calls the image, the second what the specification knows.
		_, tag, _ := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
		manifest.Annotations = map[string]string{"io.containerd.image.name": name, "org.opencontainers.image.ref.name": tag}
		manifests = append(manifests, manifest)
		image.RepoTags = []string{name}
		saved = append(saved, image)
	}
	if err := a.json("index.json", map[string]any{"schemaVersion": 2, "manifests": manifests}); err != nil {
		return err
	}
	if err := a.json("manifest.json", saved); err != nil {
		return err
	}
	return a.json("oci-layout", map[string]string{"imageLayoutVersion": "1.0.0"})
}

// savedImage is an image in the index that `docker load` knows from before version 25.
type savedImage struct {
	Config   string
	RepoTags []string
	Layers   []string
}

func (a *archive) image(about configuration, files []string) (descriptor, savedImage, error) {
	var layers []descriptor
	var image savedImage
	about.RootFS = rootFS{Type: "layers"}
	for _, file := range files {
		layer, err := a.layer(file)
		if err != nil {
			return layer, image, err
		}
		layers = append(layers, layer)
		image.Layers = append(image.Layers, blobPath(layer))
		// Layers are not compressed, so the digest of what is in them is their own.
		about.RootFS.DiffIDs = append(about.RootFS.DiffIDs, layer.Digest)
	}
	configured, err := a.blob(media+"config.v1+json", about)
	if err != nil {
		return configured, image, err
	}
	image.Config = blobPath(configured)
	manifest, err := a.blob(media+"manifest.v1+json", map[string]any{
		"schemaVersion": 2,
		"mediaType":     media + "manifest.v1+json",
		"config":        configured,
		"layers":        layers,
	})
	return manifest, image, err
}

func (a *archive) layer(path string) (descriptor, error) {
	if known, found := a.digests[path]; found {
		return known, nil
	}
	hash := sha256.New()
	if err := copyFile(hash, path); err != nil {
		return descriptor{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return descriptor{}, err
	}
	layer := descriptor{MediaType: media + "layer.v1.tar", Digest: digest(hash.Sum(nil)), Size: info.Size()}
	a.digests[path] = layer
	if err := a.header(blobPath(layer), layer.Size); err != nil {
		return layer, err
	}
	return layer, copyFile(a.tar, path)
}

func (a *archive) blob(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	hash := sha256.Sum256(content)
	blob := descriptor{MediaType: mediaType, Digest: digest(hash[:]), Size: int64(len(content))}
	if _, found := a.digests[blob.Digest]; found {
		return blob, nil
	}
	a.digests[blob.Digest] = blob
	return blob, a.bytes(blobPath(blob), content)
}

func (a *archive) json(name string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return a.bytes(name, content)
}

func (a *archive) bytes(name string, content []byte) error {
	if err := a.header(name, int64(len(content))); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

func (a *archive) header(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, Typeflag: tar.TypeReg})
}

func digest(sum []byte) string { return fmt.Sprintf("sha256:%x", sum) }

func blobPath(blob descriptor) string { return "blobs/" + strings.Replace(blob.Digest, ":", "/", 1) }
