package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func read(t *testing.T, text string, args ...string) (settings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Dockerfile")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var found settings
	err := found.read(path, args)
	return found, err
}

func TestReadsTheLastStage(t *testing.T) {
	text := `FROM rust AS build
USER nobody
FROM scratch
ARG VERSION=1
ARG SOURCE
# why
LABEL a.b="$VERSION" c=d \
      e="x y" f="$SOURCE"
COPY --from=build /x /x
USER 1:2
ENTRYPOINT ["/x", "-v"]
`
	found, err := read(t, text, "SOURCE=here")
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"a.b": "1", "c": "d", "e": "x y", "f": "here"}
	expected := settings{User: "1:2", Entrypoint: words{"/x", "-v"}, Labels: labels}
	if !reflect.DeepEqual(found, expected) {
		t.Errorf("found %+v, expected %+v", found, expected)
	}
}

func TestRefusesWhatItDoesNotKnow(t *testing.T) {
	for text, complaint := range map[string]string{
		"FROM alpine\n":                         "not FROM scratch",
		"FROM scratch\nWORKDIR /x\n":            "WORKDIR /x: this instruction is not known here",
		"FROM scratch\nLABEL a\n":               "is not NAME=VALUE",
		"FROM scratch\nENTRYPOINT /x\n":         "ENTRYPOINT /x",
		"FROM scratch\nUSER 1\nARG REVISIONS\n": "has no ARG REVISION",
	} {
		if _, err := read(t, text, "REVISION=1"); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("of %q it says %v, not %q", text, err, complaint)
		}
	}
}
