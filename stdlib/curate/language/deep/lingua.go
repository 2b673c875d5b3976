//go:build !nolingua

// Package deep asks lingua-go, whose models are 124 MB of a binary; built with
// -tags nolingua it leaves the question open.
package deep

import (
	"slices"
	"strings"
	"sync"

	"github.com/pemistahl/lingua-go"
)

// Available says whether lingua-go is in this binary.
const Available = true

var (
	mu        sync.Mutex
	detectors = map[string]lingua.LanguageDetector{} // by languages
)

// Decide tells which of the languages (ISO 639-1) a text is in; "" where lingua
// cannot tell or fewer than two are given. It takes a millisecond, and half a
// second when languages come up for the first time.
func Decide(text string, near []string) string {
	var list []lingua.Language
	for _, code := range near {
		if l := lingua.GetLanguageFromIsoCode639_1(lingua.GetIsoCode639_1FromValue(strings.ToUpper(code))); l != lingua.Unknown {
			list = append(list, l)
		}
	}
	if len(list) < 2 {
		return ""
	}
	l, ok := detector(list).DetectLanguageOf(text)
	if !ok {
		return ""
	}
	return strings.ToLower(l.IsoCode639_1().String())
}

func detector(list []lingua.Language) lingua.LanguageDetector {
	slices.Sort(list)
	var key strings.Builder
	for _, l := range list {
		key.WriteString(l.String())
	}
	mu.Lock()
	defer mu.Unlock()
	d, ok := detectors[key.String()]
	if !ok {
		d = lingua.NewLanguageDetectorBuilder().FromLanguages(list...).Build()
		detectors[key.String()] = d
	}
	return d
}
