package launch

import (
	"slices"
	"testing"
)

func TestSecret(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        bool
	}{
		{"OPENAI_API_KEY", "x", true}, {"HF_TOKEN", "x", true}, {"AWS_SECRET_ACCESS_KEY", "x", true}, {"GITHUBTOKEN", "x", true},
		{"DB_PASSWORD", "x", true}, {"PGPASS", "x", false}, {"DB_PASS", "x", true}, {"SSH_AUTH_SOCK", "/run/a", true}, {"SENTRY_DSN", "x", true},
		{"MY_LLM", "sk-abc", true}, {"PLAIN", "hf_abcdefghijklmnopqrst", true}, {"X", "ghp_abc", true}, {"X", "AKIAABCDEFGHIJKLMNOP", true},
		{"X", "eyJhbGciOiJIUzI1NiJ9.e30.x", true}, {"X", "-----BEGIN PRIVATE KEY-----", true},
		{"DATABASE_URL", "postgres://ann:pw@db/x", true}, {"HTTPS_PROXY", "http://ann:pw@proxy:3128", true}, {"HTTPS_PROXY", "http://proxy:3128", false},
		{"PATH", "/bin", false}, {"PWD", "/work", false}, {"OLDPWD", "/", false}, {"HOME", "/root", false}, {"TOKENIZERS_PARALLELISM", "false", false},
		{"MAX_TOKENS", "", false}, {"COGUMI_PRICE_PER_HOUR", "2", false}, {"GIT_AUTHOR_NAME", "Ann", false}, {"KEYBOARD", "de", false}, {"LANG", "C", false},
		{"CUDA_VISIBLE_DEVICES", "0", false}, {"HF_HOME", "/m", false}, {"OPENAI_API_KEY", "", false},
	} {
		if got := secret(c.name, c.value); got != c.want {
			t.Errorf("secret(%s, %q) = %v", c.name, c.value, got)
		}
	}
}

func TestPartSecrets(t *testing.T) {
	env := []string{"PATH=/bin", "OPENAI_API_KEY=a", "ODD_NAME=b", "https_proxy=http://u:p@proxy:1", "OPENAI_BASE_URL=https://llm.example/v1", "EMPTY_TOKEN="}
	kept, v := partSecrets(env, []string{"--key-env", "ODD_NAME", "--url", "https://mine.example:8443/v1"})
	if want := []string{"PATH=/bin", "OPENAI_BASE_URL=https://llm.example/v1", "EMPTY_TOKEN="}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	if !slices.Equal(v.proxies, []string{"https_proxy=http://u:p@proxy:1"}) {
		t.Errorf("proxies %q", v.proxies)
	}
	for _, c := range []struct {
		name, address, value string
		refused              bool
	}{
		{"OPENAI_API_KEY", "https://api.openai.com/v1", "a", false},
		{"OPENAI_API_KEY", "https://mine.example:8443/v1", "a", false},
		{"OPENAI_API_KEY", "https://llm.example/v1", "a", false},
		{"OPENAI_API_KEY", "http://localhost:8000/v1", "a", false},
		{"OPENAI_API_KEY", "http://[::1]:8000/v1", "a", false},
		{"ODD_NAME", "https://mine.example/v1", "b", false},
		{"OPENAI_API_KEY", "https://evil.example/v1", "", true},
		{"OPENAI_API_KEY", "https://mine.example@evil.example/v1", "", true},
		{"OPENAI_API_KEY", "https://api.openai.com.evil.example/", "", true},
		{"ODD_NAME", "https://api.openai.com/v1", "", true},
		{"OPENAI_API_KEY", "", "", true}, {"OPENAI_API_KEY", "::", "", true},
		{"NONE", "https://evil.example", "", false},
	} {
		if got := v.ask(c.name, c.address); got.Value != c.value || got.Refused != c.refused {
			t.Errorf("%s for %q: %+v", c.name, c.address, got)
		}
	}
}

func TestWithheld(t *testing.T) {
	src := []byte(`k := os.Getenv("OPENAI_API_KEY"); h := os.Getenv("HOME"); v, _ := os.LookupEnv("HF_TOKEN")`)
	got := withheld(src, []string{"OPENAI_API_KEY=a", "HOME=/root", "HF_TOKEN=", "GITHUB_TOKEN=x"})
	if !slices.Equal(got, []string{"OPENAI_API_KEY"}) {
		t.Errorf("%q", got)
	}
}
