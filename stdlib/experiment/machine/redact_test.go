package machine

import (
	"slices"
	"testing"
)

func TestShorten(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/home/ann/data/x.jsonl", "~/data/x.jsonl"},
		{"open /home/ann/a: no such file; /home/ann", "open ~/a: no such file; ~"},
		{"/home/anna/x", "/home/anna/x"},
		{"/mnt/home/ann/x", "/mnt/home/ann/x"},
		{"--data=/home/ann/x", "--data=~/x"},
		{"/home/ann/home/ann/x", "~/home/ann/x"},
		{"", ""},
	} {
		if got := shorten(c.in, "/home/ann"); got != c.want {
			t.Errorf("shorten(%q) = %q, want %q", c.in, got, c.want)
		}
	}
	if got := shorten("/a/b", "/"); got != "/a/b" {
		t.Errorf("with the root as home: %q", got)
	}
}

func TestSecretFlags(t *testing.T) {
	for name, want := range map[string]bool{
		"token": true, "--hf-token": true, "api_key": true, "apikey": true, "openai.key": true, "password": true, "client-secret": true,
		"tokens": false, "max-token": false, "max_new_tokens": false, "keep": false, "monkey": false, "pad-token": false, "lr": false, "compass": false,
	} {
		if got := Secret(name); got != want {
			t.Errorf("Secret(%q) = %v", name, got)
		}
	}
	t.Setenv("HOME", "/home/ann")
	got := Redact([]string{"--pool", "/home/ann/p.jsonl", "--api-key", "sk-1", "--token=abc", "--key", "--lr=1", "/home/ann"})
	want := []string{"--pool", "~/p.jsonl", "--api-key", "…", "--token=…", "--key", "--lr=1", "~"}
	if !slices.Equal(got, want) {
		t.Errorf("Redact = %q\nwant     %q", got, want)
	}
}
