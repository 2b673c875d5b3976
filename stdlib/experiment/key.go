package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"cogumi/stdlib/experiment/machine"
)

// PrimitivesVersion stands for the meaning of all primitives in the keys of
// script steps, which call them unseen. Raise it when any result changes.
const PrimitivesVersion = 1

// storeVersion is the layout of the step store.
const storeVersion = 1

// key is the step's key and the named parts that it is made of. The key is a
// hash of the parts alone: two keys differ exactly when a part differs.
func (s *Spec) key() (parts map[string]string, key string, err error) {
	parts = map[string]string{
		"name":    s.Name,
		"version": strconv.Itoa(s.Version),
		"store":   strconv.Itoa(storeVersion),
	}
	for name, hash := range s.Inputs {
		parts["input "+name] = hash
	}
	for name, hash := range s.source {
		parts[name] = hash
	}
	if s.Machine {
		parts["machine"] = machine.Identity()
	}
	if err := paramParts(parts, s.Params); err != nil {
		return nil, "", err
	}
	b, err := json.Marshal(parts) // sorts the names
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(b)
	return parts, hex.EncodeToString(sum[:]), nil
}

// redactParts are the parts as they may be written down: no secrets, no home folder.
func redactParts(parts map[string]string) map[string]string {
	shown := make(map[string]string, len(parts))
	for name, v := range parts {
		_, short, _ := strings.Cut(name, " ")
		shown[name] = machine.RedactValue(short, v)
	}
	return shown
}

// paramParts adds params in canonical JSON: one part for each field of an object.
func paramParts(parts map[string]string, params any) error {
	if params == nil {
		return nil
	}
	b, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("params: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber() // 64-bit seeds stay exact
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("params: %w", err)
	}
	fields, ok := v.(map[string]any)
	if !ok {
		fields = map[string]any{"": v}
	}
	for name, v := range fields {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("params: %w", err)
		}
		text := string(b)
		if len(text) > 200 {
			sum := sha256.Sum256(b)
			text = "sha256 " + hex.EncodeToString(sum[:])
		}
		parts["param "+name] = text
	}
	return nil
}
