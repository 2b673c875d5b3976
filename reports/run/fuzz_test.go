package run

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

const goodInfo = `{"version":1,"id":"x","script":"s","state":"running","started":"2026-11-23T04:05:06Z","attempt":1,"environment":{"cores":2},"artefacts":[{"name":"a","path":"artefacts/a"}],"result":{"rows":[1,2]}}`

func FuzzInfo(f *testing.F) {
	for _, s := range []string{goodInfo, `{}`, `{"version":2}`, `{"version":1,"started":"x"}`, `[`, `null`, `{"version":1,"artefacts":[{"path":"../../etc/passwd"}]}`, `{"version":1,"params":[{"name":1}]}`} {
		f.Add([]byte(s))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, infoFile), b, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Read(dir)
		if err != nil {
			return
		}
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
		if err := writeInfo(dir, &r.Info); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		if _, err := readInfo(dir); err != nil {
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
	if err := os.Mkdir(filepath.Join(dir, SampleDir), 0o755); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte, path string) {
		r := &Run{Dir: dir}
		if err := os.WriteFile(filepath.Join(dir, "samples", "x.jsonl"), b, 0o644); err != nil {
			t.Fatal(err)
		}
		list, bad, err := r.Samples(SampleSet{Path: "samples/x.jsonl"})
		if err != nil || len(list)+bad > bytes.Count(b, []byte("\n"))+1 {
			t.Errorf("%d samples, %d bad, %v", len(list), bad, err)
		}
		file, err := r.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		if !filepath.IsLocal(path) {
			t.Errorf("%q was opened", path)
		}
	})
}
