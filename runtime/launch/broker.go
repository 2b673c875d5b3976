package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"cogumi/stdlib/broker"
	"cogumi/stdlib/hub"
	"cogumi/stdlib/sandbox"
)

// Setup is what a restricted child is told first.
type Setup struct {
	Writable []string // where a script may write: files, and below folders
	Caches   []string // and where primitives may
	Steps    string   // folder of all steps; a script writes in those that are not finished
	Proxies  []string // NAME=value of those that hold a password
}

const askSetup = "setup"

// serve answers the child until it ends.
func (b *bounds) serve(secrets *vault, setup Setup) {
	defer close(b.served)
	setup.Proxies = secrets.proxies
	handlers := map[string]broker.Handler{
		askSetup: func(context.Context, json.RawMessage) (any, error) { return setup, nil },
		broker.AskSecret: func(_ context.Context, question json.RawMessage) (any, error) {
			var q broker.SecretQuestion
			if err := json.Unmarshal(question, &q); err != nil {
				return nil, fmt.Errorf("read the question: %w", err)
			}
			secrets.addLogin(q.Name)
			return secrets.ask(q.Name, q.Address), nil
		},
	}
	maps.Copy(handlers, sandbox.Handlers())
	_ = broker.Serve(context.Background(), b.broker, handlers) // a child that sends nonsense gets no more answers
}

// addLogin puts in what a login of the hub left in a file, which scripts cannot read.
func (v *vault) addLogin(name string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if name != hub.TokenName || v.values[name] != "" {
		return
	}
	if client, err := hub.FromEnvironment(); err == nil {
		v.values[name] = client.Token
	}
}

// Enter is called first thing in the child: it connects a restricted one with its
// parent and tells it what it may write.
func Enter() (*Setup, error) {
	text := os.Getenv(EnvBroker)
	if text == "" {
		return nil, nil
	}
	os.Unsetenv(EnvBroker)
	fd, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("connect with the parent: %w", err)
	}
	parent := broker.NewClient(os.NewFile(uintptr(fd), "parent"))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var setup Setup
	if err := parent.Ask(ctx, askSetup, struct{}{}, &setup); err != nil {
		return nil, fmt.Errorf("connect with the parent: %w", err)
	}
	broker.SetParent(parent)
	rememberProxies(setup.Proxies)
	return &setup, nil
}

// rememberProxies lets package http read proxies with passwords from the
// environment, which it does once, and takes them out again.
func rememberProxies(proxies []string) {
	if len(proxies) == 0 {
		return
	}
	for _, e := range proxies {
		name, value, _ := strings.Cut(e, "=")
		os.Setenv(name, value)
		defer os.Unsetenv(name)
	}
	if r, err := http.NewRequest(http.MethodGet, "https://example.com", nil); err == nil {
		_, _ = http.ProxyFromEnvironment(r) // an address that is wrong is said when it is used
	}
}
