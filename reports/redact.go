package reports

import (
	"encoding/json"
	"os"
	"os/user"
	"reflect"
	"regexp"
	"strings"

	"cogumi/reports/run"
)

// Reports are sent to people: home folders, user and host names, and what looks
// like a secret are replaced before anything is shown. Samples are looked
// through for secrets only; their text is what the models said.

// secret matches tokens by their published prefixes, and key=value pairs whose
// key says that the value is secret.
var secret = regexp.MustCompile(`\b(?:sk-[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+)`)

var secretPair = regexp.MustCompile(`(?i)((?:api[_-]?key|secret|password|passwd|access[_-]?token|auth[_-]?token|bearer|authorization)["']?\s*[=: ]\s*["']?)([^\s"'&,;]{6,})`)

var secretMarks = []string{"sk-", "hf_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "xox", "AKIA", "AIza", "eyJ"}

const hidden = "[redacted]"

type redactor struct {
	paths     *strings.Replacer // nil: nothing known of this machine
	showPaths bool
}

func newRedactor(showPaths bool) *redactor {
	if showPaths {
		return &redactor{showPaths: true}
	}
	var pairs []string
	if home, err := os.UserHomeDir(); err == nil && len(home) > 3 {
		pairs = append(pairs, home+"/", "~/", home+`\`, `~\`)
	}
	if u, err := user.Current(); err == nil && len(u.Username) > 3 && u.Username != "root" && u.Username != "user" {
		pairs = append(pairs, "/"+u.Username+"/", "/user/", u.Username+"@", "user@")
	}
	if host, err := os.Hostname(); err == nil && len(host) > 3 && host != "localhost" {
		pairs = append(pairs, host, "host")
	}
	if pairs == nil {
		return &redactor{}
	}
	return &redactor{paths: strings.NewReplacer(pairs...)}
}

// homePath is a home folder of another machine than the one that builds the report.
var homePath = regexp.MustCompile(`(^|[\s"'=:(])(?:/home|/Users)/[^/\s"']+`)

func (d *redactor) text(s string) string {
	if d.paths != nil {
		s = d.paths.Replace(s)
	}
	if !d.showPaths && (strings.Contains(s, "/home/") || strings.Contains(s, "/Users/")) {
		s = homePath.ReplaceAllString(s, "$1~")
	}
	return secretPair.ReplaceAllString(secretsOut(s), "${1}"+hidden)
}

// secretsOut hides tokens that are known by their prefix.
func secretsOut(s string) string {
	for _, m := range secretMarks {
		if strings.Contains(s, m) {
			return secret.ReplaceAllString(s, hidden)
		}
	}
	return s
}

// Redacted is a copy of the run as its report shows it: without secrets, and
// without home folders, user and host names unless showPaths is set.
func Redacted(r *run.Run, showPaths bool) *run.Run { return redacted(r, newRedactor(showPaths)) }

// RedactedSample is a sample without secrets.
func RedactedSample(s run.Sample) run.Sample {
	return redactedValue(s, &redactor{showPaths: true})
}

// redacted copies the run with every text replaced. Keys, hashes and the paths
// of sample files stay: they are needed to find things.
func redacted(r *run.Run, d *redactor) *run.Run {
	c := *r
	// A copy through reflection shares nothing that is changed with the original.
	c.Info = redactedValue(r.Info, d)
	c.Events = make([]run.Event, len(r.Events))
	for i, e := range r.Events {
		if e.Metric == nil { // series names are short and made by programs
			path := ""
			if e.Samples != nil {
				path = e.Samples.Path
			}
			e = redactedValue(e, d)
			if e.Samples != nil {
				e.Samples.Path = path
			}
		}
		c.Events[i] = e
	}
	c.Problems = nil
	for _, p := range r.Problems {
		c.Problems = append(c.Problems, d.text(p))
	}
	return &c
}

// redactedValue is v with every text in it replaced.
func redactedValue[T any](v T, d *redactor) T {
	return deep(reflect.ValueOf(v), d).Interface().(T)
}

func deep(v reflect.Value, d *redactor) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.String:
		out.SetString(d.text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(deep(v.Elem(), d))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(deep(v.Elem(), d))
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			return deepJSON(v, d)
		}
		if !v.IsNil() {
			out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				out.Index(i).Set(deep(v.Index(i), d))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			out.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for k, e := range v.Seq2() {
				out.SetMapIndex(k, deep(e, d))
			}
		}
	case reflect.Struct:
		out.Set(v) // unexported fields, as time.Time has them
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				out.Field(i).Set(deep(v.Field(i), d))
			}
		}
	default:
		return v
	}
	return out
}

func deepJSON(v reflect.Value, d *redactor) reflect.Value {
	var any any
	if json.Unmarshal(v.Bytes(), &any) != nil || any == nil {
		return v
	}
	b, err := json.Marshal(deep(reflect.ValueOf(any), d).Interface())
	if err != nil {
		return v
	}
	return reflect.ValueOf(json.RawMessage(b))
}
