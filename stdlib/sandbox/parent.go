package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"cogumi/stdlib/broker"
)

// A process that runs a script is restricted itself and can make no namespaces:
// its parent starts the programs. What travels is a Program and a Result; their
// texts may be any bytes, which JSON's strings may not.

const (
	askRun       = "sandbox.run"
	askAvailable = "sandbox.available"
)

type wireProgram struct {
	Program
	Code, Stdin []byte
	Files       map[string][]byte
}

type wireResult struct {
	Result
	Stdout, Stderr, Report []byte
	Unsupported            *UnsupportedError `json:",omitempty"`
}

type wireAvailable struct {
	Offer       offer
	Unsupported *UnsupportedError `json:",omitempty"`
}

// parentOf runs programs in the parent's sandboxes.
func parentOf(parent *broker.Client) func(context.Context, Program) (Result, error) {
	return func(ctx context.Context, p Program) (Result, error) { return askParent(ctx, parent, p) }
}

func askParent(ctx context.Context, parent *broker.Client, p Program) (Result, error) {
	q := wireProgram{Program: p, Code: []byte(p.Code), Stdin: []byte(p.Stdin), Files: map[string][]byte{}}
	for name, text := range p.Files {
		q.Files[name] = []byte(text)
	}
	q.Program.Code, q.Program.Stdin, q.Program.Files = "", "", nil
	var a wireResult
	if err := parent.Ask(ctx, askRun, q, &a); err != nil {
		return Result{}, err
	}
	if a.Unsupported != nil {
		return Result{}, a.Unsupported
	}
	r := a.Result
	r.Stdout, r.Stderr, r.Report = string(a.Stdout), string(a.Stderr), string(a.Report)
	return r, nil
}

// askAvailability is what the parent's machine, which is this one, offers.
func askAvailability(parent *broker.Client) (offer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var a wireAvailable
	if err := parent.Ask(ctx, askAvailable, struct{}{}, &a); err != nil {
		return offer{}, &UnsupportedError{Reason: err.Error()}
	}
	if a.Unsupported != nil {
		return offer{}, a.Unsupported
	}
	return a.Offer, nil
}

// What one asker may take of the machine, whatever limits its programs name.
const (
	mostTasks  = 1024
	mostOutput = 64 << 20
)

// Handlers answer the questions of one process that is restricted.
func Handlers() map[string]broker.Handler {
	atOnce := make(chan struct{}, 4*runtime.NumCPU()) // the rest waits, and its time has not begun
	return map[string]broker.Handler{
		askAvailable: func(context.Context, json.RawMessage) (any, error) {
			var a wireAvailable
			var err error
			a.Offer, err = availableHere()
			if err != nil && !errors.As(err, &a.Unsupported) {
				return nil, err
			}
			return a, nil
		},
		askRun: func(ctx context.Context, question json.RawMessage) (any, error) {
			var q wireProgram
			if err := json.Unmarshal(question, &q); err != nil {
				return nil, fmt.Errorf("read the program: %w", err)
			}
			select {
			case atOnce <- struct{}{}:
				defer func() { <-atOnce }()
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
			return q.run(ctx)
		},
	}
}

func (q wireProgram) run(ctx context.Context) (any, error) {
	p := q.Program
	p.Code, p.Stdin, p.Files = string(q.Code), string(q.Stdin), map[string]string{}
	for name, text := range q.Files {
		p.Files[name] = string(text)
	}
	p.Limits.Tasks, p.Limits.Output = min(p.Limits.Tasks, mostTasks), min(p.Limits.Output, mostOutput)
	p, err := p.prepared()
	if err != nil {
		return nil, err
	}
	r, err := runHere(ctx, p)
	a := wireResult{Result: r, Stdout: []byte(r.Stdout), Stderr: []byte(r.Stderr), Report: []byte(r.Report)}
	a.Result.Stdout, a.Result.Stderr, a.Result.Report = "", "", ""
	if errors.As(err, &a.Unsupported) {
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}
