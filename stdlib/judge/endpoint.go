package judge

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sashabaranov/go-openai"

	"cogumi/stdlib/broker"
	"cogumi/stdlib/experiment"
)

// EndpointConfig names a judge behind an OpenAI-compatible API.
type EndpointConfig struct {
	Model       string  // as the endpoint calls it: "gpt-4o-2024-08-06"
	URL         string  // "https://api.openai.com/v1" if empty, or a server of your own
	KeyEnv      string  // environment variable that holds the key; "OPENAI_API_KEY" if empty
	Temperature float64 // really sent, also 0; reasoning models take none and get none
	MaxTokens   int     // of an answer; 0: 1024
	Seed        int     // sent if not 0
	Format      string  // "json_schema" if empty; "json_object" or "text" for servers that know no more
	Parallel    int     // calls at once at most; 0: 64
	Batch       bool    // the Batch API: half the price, within a day
	PriceFile   string  // your own table of prices: {"model": {"input", "cached", "output", "batch", "date"}}
	AnyModel    bool    // a router may answer with another model than the one asked
}

// endpoint is the bench behind an API.
type endpoint struct {
	c       EndpointConfig
	client  *openai.Client
	net     *transport
	price   *Price
	account string // hash of endpoint and model: name of the ledger
	back    time.Duration
	poll    time.Duration
	form    Form

	frame    sync.Once // what is sent around the messages
	parts    [2][]byte
	frameErr error

	mu   sync.Mutex // guards book during an estimate
	book *ledger
}

const (
	attempts  = 8
	longWait  = 60 * time.Second
	answerFor = 5 * time.Minute
)

// Endpoint is a judge behind an API. The key is read from the environment when
// the first question is sent and is written nowhere.
func Endpoint(c EndpointConfig) (*Judge, error) {
	c.URL, c.KeyEnv = strings.TrimRight(cmp.Or(c.URL, "https://api.openai.com/v1"), "/"), cmp.Or(c.KeyEnv, "OPENAI_API_KEY")
	c.MaxTokens, c.Parallel, c.Format = cmp.Or(c.MaxTokens, 1024), cmp.Or(c.Parallel, 64), cmp.Or(c.Format, "json_schema")
	if c.Model == "" {
		return nil, experiment.Hint(errors.New("judge: no model is named"), "name one that the endpoint knows: gpt-4o-2024-08-06")
	}
	if c.Format != "json_schema" && c.Format != "json_object" && c.Format != "text" {
		return nil, fmt.Errorf("judge %s: format %q is none of json_schema, json_object, text", c.Model, c.Format)
	}
	if c.MaxTokens < 0 || c.Parallel < 0 || !(c.Temperature >= 0 && c.Temperature <= 2) {
		return nil, fmt.Errorf("judge %s: %d tokens, %d at once, temperature %g: these are no settings", c.Model, c.MaxTokens, c.Parallel, c.Temperature)
	}
	key, err := broker.Secret(c.KeyEnv, c.URL)
	if err != nil {
		return nil, experiment.Hint(fmt.Errorf("judge %s: %w", c.Model, err), "give the address as a flag of the script, or run it with --trust")
	}
	if err := checkAddress(c.URL, c.KeyEnv, key); err != nil {
		return nil, fmt.Errorf("judge %s: %w", c.Model, err)
	}
	table, err := Prices(c.PriceFile)
	if err != nil {
		return nil, err
	}
	e := &endpoint{c: c, net: newTransport(key, answerFor, c.Parallel), price: priceOf(table, c.Model), back: 500 * time.Millisecond, poll: 30 * time.Second, form: Form{Name: "judgement", Schema: schemaText}}
	if _, own := table[c.Model]; !own && c.PriceFile == "" && !strings.Contains(c.URL, "//api.openai.com/") {
		e.price = nil // a server of another name has prices of its own
	}
	config := openai.DefaultConfig(key)
	config.BaseURL, config.HTTPClient = c.URL, e.net
	e.client = openai.NewClientWithConfig(config)
	sum := sha256.Sum256([]byte(c.URL + "\n" + c.Model))
	e.account = hex.EncodeToString(sum[:8])
	sent, err := e.whole(nil)
	if err != nil {
		return nil, fmt.Errorf("judge %s: %w", c.Model, err)
	}
	temperature := fmt.Sprint(c.Temperature)
	if reasons(c.Model) {
		temperature = "not sent: a reasoning model takes none"
	}
	return &Judge{Name: c.Model, bench: e, Settings: Settings{Kind: "endpoint", Model: c.Model, Endpoint: c.URL,
		Temperature: temperature, Sent: string(sent), Template: templateHash}}, nil
}

// MustEndpoint is Endpoint; an error ends the run.
func MustEndpoint(c EndpointConfig) *Judge {
	j, err := Endpoint(c)
	return must(j, err)
}

// checkAddress refuses what would show the key to others.
func checkAddress(address, env, key string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("the endpoint's address is no http or https URL")
	}
	if u.User != nil || u.RawQuery != "" {
		return experiment.Hint(errors.New("the endpoint's address holds a name, a password or a query"), "the key belongs into "+env)
	}
	if key != "" && strings.Contains(address, key) {
		return experiment.Hint(errors.New("the endpoint's address holds the key"), "the key belongs into "+env)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if key != "" && u.Scheme == "http" && !local {
		return experiment.Hint(fmt.Errorf("%s would be sent unencrypted to %s", env, u.Host), "use https, or unset "+env)
	}
	if key == "" && !local && u.Scheme == "https" {
		return experiment.WithCode(experiment.Hint(fmt.Errorf("%s is not set", env), "export "+env+"=…; a judge without a key: truth, a local model, a replay"), 3)
	}
	return nil
}

var reasoning = regexp.MustCompile(`^(o[0-9]|gpt-[5-9])`)

func reasons(model string) bool { return reasoning.MatchString(model) }

// body is what is sent, to the byte. The client library leaves a temperature of 0
// out, so that the server's own default would hold; here it is put in.
func (e *endpoint) body(messages []openai.ChatCompletionMessage) ([]byte, error) {
	around, err := e.around()
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(messages)
	if err != nil {
		return nil, err
	}
	return slices.Concat(around[0], list, around[1]), nil
}

// around is what is sent before and after the messages: it is the same for every
// question, and most of the work of writing it.
func (e *endpoint) around() (parts [2][]byte, err error) {
	e.frame.Do(func() {
		mark := []openai.ChatCompletionMessage{{Role: "system", Content: "here"}}
		list, _ := json.Marshal(mark)
		all, err := e.whole(mark)
		before, after, _ := bytes.Cut(all, list)
		e.parts, e.frameErr = [2][]byte{before, after}, err
	})
	return e.parts, e.frameErr
}

// whole is what is sent with messages.
func (e *endpoint) whole(messages []openai.ChatCompletionMessage) ([]byte, error) {
	r := openai.ChatCompletionRequest{Model: e.c.Model, Messages: messages}
	if e.c.Seed != 0 {
		r.Seed = &e.c.Seed
	}
	switch e.c.Format {
	case "json_schema":
		r.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: e.form.Name, Schema: e.form.Schema, Strict: true}}
	case "json_object":
		r.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	if reasons(e.c.Model) {
		r.MaxCompletionTokens = e.c.MaxTokens
		return json.Marshal(r)
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	// max_tokens is what every server knows.
	first := fmt.Sprintf(`{"temperature":%s,"max_tokens":%d,`, strconv.FormatFloat(e.c.Temperature, 'f', -1, 64), e.c.MaxTokens)
	return append([]byte(first), b[1:]...), nil
}

// keyOf names a question: everything that is sent, and where.
func (e *endpoint) keyOf(body []byte) string {
	h := sha256.New()
	h.Write([]byte(e.c.URL + "\n"))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// most is what a call can cost at most: a token has a byte or more.
func (e *endpoint) most(body []byte) float64 {
	if e.price == nil {
		return 0
	}
	return e.price.of(Usage{Input: len(body), Output: e.c.MaxTokens})
}

func (e *endpoint) tried() bool { return true }

// estimate takes four bytes a token for likely and answers of 250 tokens, three
// and the longest answers for the most.
func (e *endpoint) estimate(cases []ask) *Estimate {
	out := &Estimate{Model: e.c.Model, Price: e.price}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range cases {
		body, err := e.body(cases[i].messages())
		if err != nil {
			continue
		}
		out.Calls++
		if e.book != nil && e.book.has(e.keyOf(body)) {
			out.Known++
			continue
		}
		if e.price == nil {
			continue
		}
		n := len(body)
		out.Low += e.price.of(Usage{Input: n / 5, Output: min(120, e.c.MaxTokens)})
		out.Likely += e.price.of(Usage{Input: n / 4, Output: min(250, e.c.MaxTokens)})
		out.High += e.price.of(Usage{Input: n/3 + 1, Output: e.c.MaxTokens})
	}
	if e.c.Batch && e.price != nil {
		f := e.factor()
		out.Low, out.Likely, out.High = f*out.Low, f*out.Likely, f*out.High
	}
	return out
}

func (e *endpoint) factor() float64 {
	if e.c.Batch && e.price.Batch > 0 {
		return e.price.Batch
	}
	return 1
}

// open opens the ledger, once a hearing.
func (e *endpoint) open(ctx context.Context, h *hearing) error {
	path := filepath.Join(h.dir, e.account+".jsonl")
	book, err := openLedger(ctx, path, func() { h.run.Logf("another run asks %s; waiting for what it gets", e.c.Model) })
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.book = book
	e.mu.Unlock()
	return nil
}

func (e *endpoint) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.book == nil {
		return nil
	}
	err := e.book.close()
	e.book = nil
	return err
}
