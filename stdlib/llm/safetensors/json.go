package safetensors

import (
	"encoding/json"
	"fmt"
	"strconv"
)

func delim(d *json.Decoder, want json.Delim) error {
	tok, err := d.Token()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if tok != want {
		return fmt.Errorf("header: %v where %v belongs", tok, want)
	}
	return nil
}

func str(d *json.Decoder) (string, error) {
	tok, err := d.Token()
	if err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	s, ok := tok.(string)
	if !ok {
		return "", fmt.Errorf("header: %v where a string belongs", tok)
	}
	return s, nil
}

// ints reads an array of integers from 0 up.
func ints(d *json.Decoder) ([]int64, error) {
	if err := delim(d, '['); err != nil {
		return nil, err
	}
	var out []int64
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("header: %w", err)
		}
		n, ok := tok.(json.Number)
		if !ok {
			return nil, fmt.Errorf("header: %v where a number belongs", tok)
		}
		v, err := strconv.ParseUint(n.String(), 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%s is not an integer from 0 up", n)
		}
		out = append(out, int64(v))
	}
	return out, delim(d, ']')
}
