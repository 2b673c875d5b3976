package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/hub/hubtest"
)

// TestRefused: what the hub refuses, and what it should not say, is told with
// what to do about it.
func TestRefused(t *testing.T) {
	file := func(names ...string) hubtest.Model {
		m := hubtest.Model{Commit: first, Files: map[string][]byte{}}
		for _, n := range names {
			m.Files[n] = []byte(n)
		}
		return m
	}
	gated := file("config.json", "model.safetensors")
	gated.Gated = true
	say := func(status int, header, value, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/api/") != (body != "") && status != 500 {
				return false
			}
			w.Header().Set(header, value)
			w.WriteHeader(status)
			w.Write([]byte(body))
			return true
		}
	}
	for name, c := range map[string]struct {
		id, token  string
		o          Options
		hook       func(http.ResponseWriter, *http.Request) bool
		want, hint string
	}{
		"gated":              {id: "org/gated", want: "org/gated is gated", hint: "/settings/tokens"},
		"gated, other token": {id: "org/gated", token: "hf_other", want: "the hub does not know this token", hint: "HF_TOKEN"},
		"no such model":      {id: "org/none", want: "no public model org/none", hint: "HF_TOKEN"},
		"not for this token": {id: "org/none", token: "hf_good", want: "no model org/none", hint: "may read it"},
		"no such revision":   {id: "org/good@v7", want: `no revision "v7"`, hint: "/tree/main"},
		"pickles":            {id: "org/pickle", want: "Python pickle", hint: "model.safetensors"},
		"several in one":     {id: "org/gguf", want: "say which", hint: "a.gguf, b.gguf"},
		"no weights":         {id: "org/odd", want: "no weights", hint: "x.onnx"},
		"no such file":       {id: "org/good", o: Options{Include: []string{"*.gguf"}}, want: "no file that *.gguf names", hint: "config.json"},
		"no pattern":         {id: "org/good", o: Options{Exclude: []string{"[a"}}, want: `"[a" is no pattern`},
		"always down":        {id: "org/good", hook: say(500, "X-Error-Message", "Internal. We look at it.", "x"), want: "500 Internal Server Error: Internal. We look at it"},
		"teapot":             {id: "org/good", hook: say(418, "", "", "x"), want: "418"},
		"no JSON":            {id: "org/good", hook: say(200, "", "", "<html>"), want: "invalid character"},
		"no commit":          {id: "org/good", hook: say(200, "", "", `{"sha": "main"}`), want: "does not speak the hub's protocol"},
		"a way out":          {id: "org/good", hook: say(200, "", "", `{"sha": "`+first+`", "siblings": [{"rfilename": "../../x"}]}`), want: `"../../x" is not a file name`},
		"an absolute name":   {id: "org/good", hook: say(200, "", "", `{"sha": "`+first+`", "siblings": [{"rfilename": "/etc/x"}]}`), want: `"/etc/x" is not a file name`},
		"an ETag with a way": {id: "org/good", hook: say(200, "ETag", `"../../x"`, ""), want: `the ETag "../../x"`},
		"no ETag":            {id: "org/good", hook: say(200, "X-Linked-Size", "7", ""), want: `the ETag ""`},
		"no size":            {id: "org/good", hook: say(302, "ETag", `"abc"`, ""), want: "does not tell the size"},
		"a size below 0":     {id: "org/good", hook: say(302, "X-Linked-Etag", `"abc"`, ""), want: "size"},
	} {
		t.Run(name, func(t *testing.T) {
			s := hubtest.New(t, map[string]hubtest.Model{"org/gated": gated, "org/good": file("config.json", "model.safetensors"),
				"org/pickle": file("config.json", "pytorch_model.bin"), "org/gguf": file("a.gguf", "b.gguf"), "org/odd": file("x.onnx")})
			s.Token("hf_good")
			s.Hook(c.hook)
			client := client(t, s)
			client.Token = c.token
			_, err := client.Download(context.Background(), parse(t, c.id), c.o)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(experiment.HintOf(err), c.hint) {
				t.Errorf("error %v\nhint  %s", err, experiment.HintOf(err))
			}
			if strings.Contains(fmt.Sprint(err, experiment.HintOf(err)), "hf_") {
				t.Error("the token is in the message")
			}
			if found, _ := filepath.Glob(filepath.Join(client.Cache, "models--*", "refs", "*")); len(found) != 0 {
				t.Errorf("left %v", found)
			}
		})
	}
}

// TestGatedWithToken: who is let in gets the files; who is not yet is told so.
func TestGatedWithToken(t *testing.T) {
	m := sharded()
	m.Gated = true
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	s.Token("hf_good")
	c := client(t, s)
	c.Token = "hf_good"
	holds(t, get(t, c, "org/m").Dir, m, shards...)
	s.Hook(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead {
			return false
		}
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	m.Commit = second
	m.Files["config.json"] = []byte("[]")
	s.Set("org/m", m)
	_, err := c.Download(context.Background(), parse(t, "org/m"), Options{})
	if err == nil || !strings.Contains(err.Error(), "not let in yet") || !strings.Contains(experiment.HintOf(err), s.URL+"/org/m") {
		t.Errorf("error %v, hint %q", err, experiment.HintOf(err))
	}
	if old, err := c.Cached(parse(t, "org/m")); err != nil || old.Commit != first {
		t.Errorf("what was there is lost: %+v, %v", old, err)
	}
}

// TestOffline: forbidden or unreachable, the cache answers, and says what it lacks.
func TestOffline(t *testing.T) {
	m := sharded()
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	c.Offline = true
	if _, err := c.Download(context.Background(), parse(t, "org/m"), Options{}); !errors.Is(err, ErrOffline) || experiment.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
	if _, err := Find("org/m"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(experiment.HintOf(err), "cogumi download org/m") {
		t.Errorf("error %v", err)
	}
	c.Offline = false
	get(t, c, "org/m")
	dir, err := Find("org/m")
	if err != nil || dir != get(t, c, "org/m").Dir {
		t.Errorf("%s, %v", dir, err)
	}
	c.Endpoint = "http://127.0.0.1:1"
	r := get(t, c, "org/m")
	if !errors.Is(r.Offline, ErrOffline) || r.Files != 8 || r.Missing != nil {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{shards[1], "tokenizer.json"} {
		if err := os.Remove(filepath.Join(r.Dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if r = get(t, c, "org/m@"+first); r.Offline == nil || !slices.Equal(r.Missing, []string{"tokenizer.json", shards[1]}) {
		t.Errorf("%+v", r)
	}
	if _, err := Find("org/m"); err == nil || !strings.Contains(err.Error(), "without tokenizer.json, "+shards[1]) {
		t.Errorf("error %v", err)
	}
	s.Asked()
	c.Endpoint, c.Offline = s.URL, true
	get(t, c, "org/m")
	if asked := s.Asked(); len(asked) > 0 {
		t.Errorf("offline, but %v", asked)
	}
	c.Offline = false
	if r = get(t, c, "org/m"); r.Missing != nil || r.Fetched != 0 { // the blobs were there
		t.Errorf("%+v", r)
	}
}

func TestMissing(t *testing.T) {
	for _, c := range []struct{ have, want []string }{
		{nil, []string{"config.json", "tokenizer.json", "model.safetensors"}},
		{[]string{"config.json", "tokenizer.json", "model.safetensors"}, nil},
		{[]string{"adapter_config.json"}, []string{"adapter_model.safetensors"}},
		{[]string{"adapter_config.json", "adapter_model.safetensors"}, nil},
		{[]string{"m.Q4_K_M.gguf"}, nil},
	} {
		dir := t.TempDir()
		for _, name := range c.have {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := missing(dir); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c.have, got, err)
		}
	}
}

func TestChoose(t *testing.T) {
	var files []file
	for _, n := range []string{"config.json", "model.safetensors", "pytorch_model.bin", "original/tokenizer.model", "onnx/config.json", "tokenizer.model", "a/b/c.txt", "model-Q4.gguf", "training_args.bin"} {
		files = append(files, file{Name: n})
	}
	for _, c := range []struct {
		o    Options
		want []string
	}{
		{Options{}, []string{"config.json", "model.safetensors", "tokenizer.model"}},
		{Options{Exclude: []string{"token*"}}, []string{"config.json", "model.safetensors"}},
		{Options{Include: []string{"*.gguf"}}, []string{"model-Q4.gguf"}},
		{Options{Include: []string{"*.txt", "original/*"}}, []string{"original/tokenizer.model", "a/b/c.txt"}},
		{Options{Include: []string{"*"}, Exclude: []string{"*.bin"}}, []string{"config.json", "model.safetensors", "original/tokenizer.model", "onnx/config.json", "tokenizer.model", "a/b/c.txt", "model-Q4.gguf"}},
	} {
		chosen, err := c.o.choose(ID{"org/m", "main"}, files)
		var got []string
		for _, f := range chosen {
			got = append(got, f.Name)
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, %v, want %v", c.o, got, err, c.want)
		}
	}
}

func TestSpace(t *testing.T) {
	if err := enough(filepath.Join(t.TempDir(), "not", "yet"), 1000); err != nil {
		t.Error(err)
	}
	if err := enough(t.TempDir(), math.MaxInt64); err == nil || !strings.Contains(experiment.HintOf(err), "HF_HUB_CACHE") {
		t.Errorf("error %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "token"), []byte("hf_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/home/x")
	for _, c := range []struct {
		env             map[string]string
		endpoint, cache string
		token           string
		offline         bool
	}{
		{nil, "https://huggingface.co", "/home/x/.cache/huggingface/hub", "", false},
		{map[string]string{"XDG_CACHE_HOME": "/c", "HF_HUB_OFFLINE": "true"}, "https://huggingface.co", "/c/huggingface/hub", "", true},
		{map[string]string{"HF_HOME": home, "HF_ENDPOINT": "https://mirror.example/"}, "https://mirror.example", home + "/hub", "hf_file", false},
		{map[string]string{"HF_HOME": home, "HF_TOKEN": " hf_env\n", "HF_HUB_CACHE": "~/models"}, "https://huggingface.co", "/home/x/models", "hf_env", false},
		{map[string]string{"HF_TOKEN_PATH": home + "/token", "HUGGINGFACE_HUB_CACHE": "$HOME/h", "TRANSFORMERS_OFFLINE": "1"}, "https://huggingface.co", "/home/x/h", "hf_file", true},
	} {
		for _, name := range []string{"HF_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME"} {
			t.Setenv(name, c.env[name])
		}
		got, err := FromEnvironment()
		if err != nil || got.Endpoint != c.endpoint || got.Cache != c.cache || got.Token != c.token || got.Offline != c.offline {
			t.Errorf("%v: %+v, %v", c.env, got, err)
		}
	}
	t.Setenv("HF_ENDPOINT", "mirror.example")
	if _, err := FromEnvironment(); err == nil {
		t.Error("an endpoint without a scheme was accepted")
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]ID{
		"org/name": {"org/name", "main"}, "gpt2": {"gpt2", "main"}, "org/name@v1.0": {"org/name", "v1.0"}, "a/b@refs/pr/3": {"a/b", "refs/pr/3"},
		"https://huggingface.co/org/name/": {"org/name", "main"}, "HuggingFaceTB/SmolLM2-135M-Instruct@" + first: {"HuggingFaceTB/SmolLM2-135M-Instruct", first},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
		if again, err := Parse(got.String()); err != nil || again != got {
			t.Errorf("%q as text is %q: %+v, %v", text, got.String(), again, err)
		}
	}
	for _, text := range []string{"", "/", "a/b/c", "a/", "/a", "../a", "a/..", "a--b/c", "a/b@", "a/b@../x", "a/b@x//y", "a/b@x/", "a b/c", "a/b\n", "./a", "a/.b", "a/-b", "a/b@-x", "C:\\a", strings.Repeat("a", 97)} {
		if id, err := Parse(text); err == nil {
			t.Errorf("%q was accepted: %+v", text, id)
		}
	}
}

// FuzzParse: a name never leads out of the cache.
func FuzzParse(f *testing.F) {
	f.Add("org/name@refs/pr/1")
	f.Add("../..@../..")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := Parse(text)
		if err != nil {
			return
		}
		if !filepath.IsLocal(id.folder()) || strings.ContainsAny(id.folder(), `/\`) || !filepath.IsLocal(filepath.FromSlash(id.Revision)) {
			t.Fatalf("%q leads to %q, %q", text, id.folder(), id.Revision)
		}
		if again, err := Parse(id.String()); err != nil || again != id {
			t.Fatalf("%q: %+v, again %+v, %v", text, id, again, err)
		}
	})
}

// FuzzMetadata: whatever a server says, a blob has a plain name and a size.
func FuzzMetadata(f *testing.F) {
	f.Add(`"abc"`, "", "12", "")
	f.Add(`W/"x"`, `"../x"`, "", "-1")
	f.Fuzz(func(t *testing.T, etag, linked, length, size string) {
		m, err := readMetadata(http.Header{"Etag": {etag}, "X-Linked-Etag": {linked}, "Content-Length": {length}, "X-Linked-Size": {size}})
		if err == nil && (m.size < 0 || strings.ContainsAny(m.etag, "/\\\x00") || m.etag == "" || m.etag[0] == '.' || strings.HasSuffix(m.etag, incomplete)) {
			t.Fatalf("%+v", m)
		}
	})
}
