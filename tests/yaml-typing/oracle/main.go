// What the API server makes of YAML, told by the library that it uses.
//
//	go run . < ../cases.json > ../table.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

// Cases is what is asked: plain scalars, and whole documents by name.
type Cases struct {
	Scalars   []string `json:"scalars"`
	Keys      []string `json:"keys"`
	Documents []Case   `json:"documents"`
}

// Case is one question, and with Value or Error its answer.
type Case struct {
	Name  string          `json:"name,omitempty"`
	Text  string          `json:"text"`
	Value json.RawMessage `json:"value,omitempty"`
	Error bool            `json:"error,omitempty"`
}

// Table is what was answered.
type Table struct {
	Version   string `json:"version"`
	Scalars   []Case `json:"scalars"`
	Keys      []Case `json:"keys"`
	Documents []Case `json:"documents"`
}

func answer(name, text, document string) Case {
	value, err := yaml.YAMLToJSON([]byte(document))
	if err != nil {
		return Case{Name: name, Text: text, Error: true}
	}
	return Case{Name: name, Text: text, Value: value}
}

func main() {
	var cases Cases
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	table := Table{Version: "sigs.k8s.io/yaml v1.6.0, go.yaml.in/yaml/v2 v2.4.3 (Kubernetes 1.35)"}
	for _, scalar := range cases.Scalars {
		table.Scalars = append(table.Scalars, answer("", scalar, "- "+scalar+"\n"))
	}
	for _, key := range cases.Keys {
		table.Keys = append(table.Keys, answer("", key, key+": x\n"))
	}
	for _, document := range cases.Documents {
		table.Documents = append(table.Documents, answer(document.Name, document.Text, document.Text))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(table); err != nil {
		os.Exit(1)
	}
}
