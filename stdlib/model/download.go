package model

import (
	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/hub"
)

// Downloaded is a model in the hub's cache: Load takes its Name.
type Downloaded struct {
	Name    string `json:"name"` // org/name
	Commit  string `json:"commit"`
	Folder  string `json:"folder"`
	Files   int    `json:"files"`
	Bytes   int64  `json:"bytes"`         // of all files
	Fetched int64  `json:"fetched_bytes"` // that came over the network now
}

// Download gets a model of the Hugging Face hub, "org/name" or "org/name@revision",
// into the cache that other tools share; what is there already is not fetched
// again, and a download that was cut off goes on. include are shell patterns of
// the files to take; none: what a model needs. HF_TOKEN opens gated models.
func Download(name string, include []string) (*Downloaded, error) {
	id, err := hub.Parse(name)
	if err != nil {
		return nil, err
	}
	client, err := hub.FromEnvironment()
	if err != nil {
		return nil, err
	}
	x := experiment.Current()
	r, err := client.Download(x.Context(), id, hub.Options{Include: include})
	if err != nil {
		return nil, err
	}
	d := &Downloaded{Name: id.Repo, Commit: r.Commit, Folder: r.Dir, Files: r.Files, Bytes: r.Bytes, Fetched: r.Fetched}
	x.Source(run.Source{Kind: "model", Name: id.Repo, From: client.Endpoint, Revision: r.Commit})
	return d, nil
}

// MustDownload is Download; an error ends the run.
func MustDownload(name string, include []string) *Downloaded {
	d, err := Download(name, include)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return d
}
