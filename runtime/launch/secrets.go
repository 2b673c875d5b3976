package launch

import (
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cogumi/stdlib/broker"
	"cogumi/stdlib/experiment/machine"
)

// secretWord is a word of a variable's name that says what its value is.
var secretWord = regexp.MustCompile(`(?i)(^|_)(API_?KEYS?|KEYS?|TOKENS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|CREDENTIALS?|CREDS?|AUTH|BEARER|COOKIES?|DSN|PAT|WEBHOOK|PRIVATE|NETRC)(_|$)|(KEY|TOKEN|SECRET|PASSWORD)$`)

// secretValue is how a secret looks whatever it is called: the prefixes of the
// field's keys, a key block, a web token.
var secretValue = regexp.MustCompile(`^(sk-|sk_|hf_[A-Za-z0-9]{20}|gh[opsur]_|github_pat_|glpat-|xox[abprs]-|AKIA[A-Z0-9]{12}|ASIA[A-Z0-9]{12}|AIza[A-Za-z0-9_-]{30}|r8_|gsk_|nvapi-|pypi-|npm_|-----BEGIN |eyJ[A-Za-z0-9_-]{10,}\.)`)

// secret says whether a variable of the environment is kept from scripts.
func secret(name, value string) bool {
	switch {
	case value == "", strings.HasPrefix(name, "COGUMI_"), name == "PWD", name == "OLDPWD":
		return false
	case secretWord.MatchString(name), machine.Secret(name), secretValue.MatchString(value):
		return true
	}
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return false
	}
	_, has := u.User.Password()
	return has
}

// partSecrets takes out of an environment what a script is not to see. Variables
// that a person names for a key (--key-env MY_LLM) are secrets as well.
func partSecrets(env, args []string) (kept []string, secrets *vault) {
	named := map[string]bool{}
	for _, a := range args {
		_, value, given := strings.Cut(a, "=")
		named[value] = given
		named[a] = true
	}
	secrets = &vault{values: map[string]string{}, hosts: namedHosts(args, env)}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if !secret(name, value) && !(named[name] && value != "") {
			kept = append(kept, e)
			continue
		}
		secrets.values[name] = value
		if strings.HasSuffix(strings.ToLower(name), "_proxy") {
			secrets.proxies = append(secrets.proxies, e)
		}
	}
	return kept, secrets
}

// vault holds the secrets of one child.
type vault struct {
	mu      sync.Mutex
	values  map[string]string
	hosts   map[string]bool // that a person named
	proxies []string        // NAME=value
}

// keepers are the hosts that a key is for, whoever asks.
var keepers = map[string]string{
	"OPENAI_API_KEY": "api.openai.com", "HF_TOKEN": "huggingface.co", "HUGGING_FACE_HUB_TOKEN": "huggingface.co",
	"ANTHROPIC_API_KEY": "api.anthropic.com", "GROQ_API_KEY": "api.groq.com", "TOGETHER_API_KEY": "api.together.xyz",
	"OPENROUTER_API_KEY": "openrouter.ai", "MISTRAL_API_KEY": "api.mistral.ai", "DEEPSEEK_API_KEY": "api.deepseek.com",
}

// ask is the secret for an address. A script could name its own server: a key
// goes to the host that it is for, to this machine, and to hosts that the person
// named on the command line or in the environment.
func (v *vault) ask(name, address string) broker.SecretAnswer {
	v.mu.Lock()
	value := v.values[name]
	v.mu.Unlock()
	if value == "" {
		return broker.SecretAnswer{}
	}
	u, err := url.Parse(address)
	if err != nil {
		return broker.SecretAnswer{Refused: true}
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	if keepers[name] != host && !v.hosts[host] && host != "localhost" && !(ip != nil && ip.IsLoopback()) {
		return broker.SecretAnswer{Refused: true}
	}
	return broker.SecretAnswer{Value: value}
}

var hostInText = regexp.MustCompile(`https?://(?:[^/@\s]*@)?(\[[0-9a-fA-F:.]+\]|[^/:\s?#,'"]+)`)

// namedHosts are the hosts of the addresses that a person wrote.
func namedHosts(args, env []string) map[string]bool {
	hosts := map[string]bool{}
	for _, text := range slices.Concat(args, env) {
		for _, m := range hostInText.FindAllStringSubmatch(text, -1) {
			hosts[strings.Trim(m[1], "[]")] = true
		}
	}
	return hosts
}

// withheld names the secrets that a script asks for by their names, which it
// gets empty.
func withheld(source []byte, environ []string) []string {
	var names []string
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		read := strings.Contains(string(source), `env("`+name+`")`) || strings.Contains(string(source), `Env("`+name+`")`)
		if read && secret(name, value) {
			names = append(names, name)
		}
	}
	return names
}

// Withheld names the variables of the environment that the script reads and does
// not get.
func Withheld(source []byte) []string { return withheld(source, os.Environ()) }
