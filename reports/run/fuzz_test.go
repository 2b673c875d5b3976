package run

import (
	"bytes"
	"path/filepath"
	"testing"
)

const goodInfo = `{"version":1,"id":"x","script":"s","state":"running","started":"2026-11-23T04:05:06Z","attempt":1,"environment":{"cores":2},"artefacts":[{"name":"a","path":"artefacts/a"}],"result":{"rows":[1,2]}}`

func FuzzInfo(f *testing.F) {
	for _, s := range []string{goodInfo, `{}`, `{"version":2}`, `{"version":1,"started":"x"}`, `[`, `null`, `{"version":1,"artefacts":[{"path":"../../etc/passwd"}]}`, `{"version":1,"params":[{"name":1}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := parseInfo(b)
		if err != nil {
			return
		}
		r := newRun("", info)
		if r.Info.Version != Version {
			t.Errorf("version %d was accepted", r.Info.Version)
		}
		for _, a := range r.Artefacts() {
			if !filepath.IsLocal(a.Path) {
				t.Errorf("path %q leaves the folder", a.Path)
			}
		}
		r.State()
		r.Steps()
		again, err := encodeInfo(&r.Info)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := parseInfo(again); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"time":"2026-11-23T04:05:06Z","attempt":1,"kind":"metric","metric":{"series":"train/loss","x":1,"value":2.5}}` + "\n"))
	f.Add([]byte(`{"kind":"samples","samples":{"name":"s","path":"../x"}}` + "\n" + `{"kind":"artefact","artefact":{"name":"s","path":"/x"}}`))
	f.Add([]byte(`{"kind":"table","table":{"name":"t","rows":[[1,"a",null,true,{"x":[]}]]}}` + "\n{\"kind\":\"log\",\"lo"))
	f.Add([]byte(`{"kind":"metric"}` + "\n\n\r\n" + `{"kind":"comparison","comparison":{"regressions":[{"family":"x"}]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Run{}
		if err := r.readEvents(bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(b, []byte("\n")) + 1; len(r.Events)+r.Cut > lines {
			t.Errorf("%d events and %d cut from %d lines", len(r.Events), r.Cut, lines)
		}
		for _, name := range r.SeriesNames() {
			if len(r.Series(name)) == 0 {
				t.Errorf("series %q has no point", name)
			}
		}
		for _, s := range r.SampleSets() {
			if !filepath.IsLocal(s.Path) {
				t.Errorf("path %q leaves the folder", s.Path)
			}
		}
		r.Figures()
		r.Tables()
		r.Funnels()
		r.Comparisons()
		r.Notes()
		r.Progress()
		r.Artefacts()
		r.Logs()
		for _, s := range r.Steps() {
			_ = Explanation{Step: s, Changes: partChanges(nil, s.Parts)}.String()
		}
	})
}

func FuzzSamples(f *testing.F) {
	f.Add([]byte(`{"id":"1","prompt":"p","answers":[{"model":"base","text":"t","verdict":"right"}],"tags":["fixed"]}`+"\n{"), "samples/x.jsonl")
	f.Add([]byte("\n\n\x00"), "../x")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		list, bad, err := readSamples(bytes.NewReader(b))
		if err != nil || len(list)+bad > bytes.Count(b, []byte("\n"))+1 {
			t.Errorf("%d samples, %d bad, %v", len(list), bad, err)
		}
		if localPath(path) && !filepath.IsLocal(path) {
			t.Errorf("%q leaves the folder", path)
		}
		if file, err := (&Run{Dir: dir}).Open(path); err == nil {
			file.Close()
			t.Errorf("%q was opened in an empty folder", path)
		}
	})
}
