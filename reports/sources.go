package reports

import (
	"cmp"

	"cogumi/reports/run"
)

// source is data or a model that the run used, and under which licence.
type source struct {
	Kind, Name, License, Terms, From, Revision, Rows string
	Unknown                                          bool // no licence is known
}

func newSources(list []run.Source) (out []source, unknown int) {
	for i := range list {
		s := &list[i]
		if i == maxRows {
			break
		}
		v := source{Kind: clipTo(s.Kind, 40), Name: clipTo(s.Name, 200), License: clipTo(s.License, 100), Terms: clipTo(s.Terms, 500), From: clipTo(s.From, 300),
			Revision: shortHash(clipTo(cmp.Or(s.Revision, s.SHA256), 100))}
		if s.Rows > 0 {
			v.Rows = count(s.Rows)
		}
		if v.Unknown = s.License == ""; v.Unknown {
			v.License = "unknown"
			unknown++
		}
		out = append(out, v)
	}
	return out, unknown
}
