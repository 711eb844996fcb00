package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// read takes the settings from the last stage of a Dockerfile, so that an image which is made without Docker runs as the same user
// and says the same of itself. What it does not know it refuses: nothing in that stage may go unheeded.
func (s *settings) read(path string, given words) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	stage := lastStage(string(content))
	if len(stage) == 0 || stage[0] != "FROM scratch" {
		return fmt.Errorf("%s: the last stage is not FROM scratch", path)
	}
	args, err := assignments(given)
	if err != nil {
		return err
	}
	known := map[string]string{}
	for _, line := range stage[1:] {
		instruction, rest, _ := strings.Cut(line, " ")
		if err := s.heed(instruction, strings.TrimSpace(rest), args, known); err != nil {
			return fmt.Errorf("%s: %s: %w", path, line, err)
		}
	}
	for name := range args {
		if _, found := known[name]; !found {
			return fmt.Errorf("%s: the last stage has no ARG %s", path, name)
		}
	}
	return nil
}

// lastStage returns its instructions, each in one line, without comments.
func lastStage(text string) []string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var stage []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "FROM "):
			stage = []string{line}
		default:
			stage = append(stage, line)
		}
	}
	return stage
}

func (s *settings) heed(instruction, rest string, args, known map[string]string) error {
	switch instruction {
	case "ARG":
		name, value, _ := strings.Cut(rest, "=")
		if over, found := args[name]; found {
			value = over
		}
		known[name] = value
	case "COPY":
		// What is in the layers is for the caller to say.
	case "USER":
		s.User = rest
	case "ENTRYPOINT":
		return json.Unmarshal([]byte(rest), &s.Entrypoint)
	case "LABEL":
		return s.label(rest, known)
	default:
		return fmt.Errorf("this instruction is not known here")
	}
	return nil
}

var pair = regexp.MustCompile(`^\s*([\w.-]+)=("[^"\\]*"|[^"\\\s]+)`)

// label reads NAME=VALUE pairs, which may be quoted, and puts in what ARGs say.
func (s *settings) label(rest string, known map[string]string) error {
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	for strings.TrimSpace(rest) != "" {
		found := pair.FindStringSubmatch(rest)
		if found == nil {
			return fmt.Errorf("%q is not NAME=VALUE", rest)
		}
		rest = rest[len(found[0]):]
		s.Labels[found[1]] = os.Expand(strings.Trim(found[2], `"`), func(name string) string { return known[name] })
	}
	return nil
}

func assignments(given words) (map[string]string, error) {
	all := map[string]string{}
	for _, one := range given {
		name, value, found := strings.Cut(one, "=")
		if !found {
			return nil, fmt.Errorf("image: %q is not NAME=VALUE", one)
		}
		all[name] = value
	}
	return all, nil
}
