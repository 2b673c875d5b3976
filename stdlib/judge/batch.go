package judge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sashabaranov/go-openai"

	"cogumi/reports/run/durable"
)

// batchLine is one question of a batch, with exactly the bytes that a call of its
// own would send.
type batchLine struct {
	ID     string          `json:"custom_id"`
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body"`
}

func (l batchLine) MarshalBatchLineItem() []byte {
	b, _ := json.Marshal(l) // of valid JSON
	return b
}

// batchState is what a killed run leaves, so that the next one waits for the same
// batch instead of paying another.
type batchState struct {
	ID   string   `json:"id"`
	Name string   `json:"name"` // hash of the questions
	Most float64  `json:"most"` // dollars that it can cost
	Keys []string `json:"keys"`
}

const batchSize = 50000 // the API's limit

// batch puts what the ledger does not hold into the Batch API and waits; the
// answers go into the ledger, where hear finds them. What failed in the batch, and
// re-asks, are calls of their own afterwards.
func (e *endpoint) batch(ctx context.Context, h *hearing, cases []ask) error {
	path := filepath.Join(h.dir, e.account+".batch.json")
	state, err := readBatch(path)
	if err != nil {
		return err
	}
	if state == nil {
		lines, most, err := e.lines(cases)
		if err != nil || len(lines) == 0 {
			return err
		}
		most *= e.price.batchFactor()
		if err := e.reserve(ctx, h, most); err != nil {
			return err
		}
		defer h.spent.settle(most, func(*Cost) {})
		if state, err = e.send(ctx, lines, most, path); err != nil {
			return e.net.clean(fmt.Errorf("send a batch of %d questions to %s: %w", len(lines), e.c.Model, err))
		}
	}
	done, err := e.await(ctx, h, state.ID)
	if err != nil {
		return e.net.clean(fmt.Errorf("wait for batch %s: %w", state.ID, err))
	}
	if err := e.collect(ctx, h, done, state); err != nil {
		return e.net.clean(fmt.Errorf("fetch batch %s: %w", state.ID, err))
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

func (p *Price) batchFactor() float64 {
	if p == nil || p.Batch == 0 {
		return 1
	}
	return p.Batch
}

func readBatch(path string) (*batchState, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var s batchState
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err != nil {
		return nil, fmt.Errorf("read the batch under way from %s: %w", path, err)
	}
	return &s, nil
}

func (e *endpoint) lines(cases []ask) (out []openai.BatchLineItem, most float64, err error) {
	seen := map[string]bool{}
	for i := range cases {
		body, err := e.body(cases[i].messages())
		if err != nil {
			return nil, 0, err
		}
		key := e.keyOf(body)
		if seen[key] || e.book.has(key) || len(out) == batchSize {
			continue
		}
		seen[key] = true
		most += e.most(body)
		out = append(out, batchLine{ID: key, Method: "POST", URL: "/v1/chat/completions", Body: body})
	}
	return out, most, nil
}

// send makes the batch, unless a run that was killed before it could note the
// batch's id made it already.
func (e *endpoint) send(ctx context.Context, lines []openai.BatchLineItem, most float64, path string) (*batchState, error) {
	h := sha256.New()
	state := &batchState{Most: most}
	for _, l := range lines {
		h.Write(l.MarshalBatchLineItem())
		state.Keys = append(state.Keys, l.(batchLine).ID)
	}
	state.Name = hex.EncodeToString(h.Sum(nil)[:16])
	if list, err := e.client.ListBatch(ctx, nil, nil); err == nil {
		for _, b := range list.Data {
			if b.Metadata["cogumi"] == state.Name && !over(b.Status) {
				state.ID = b.ID
			}
		}
	}
	if state.ID == "" {
		b, err := e.client.CreateBatchWithUploadFile(ctx, openai.CreateBatchWithUploadFileRequest{Endpoint: openai.BatchEndpointChatCompletions,
			CompletionWindow: "24h", Metadata: map[string]any{"cogumi": state.Name}, UploadBatchFileRequest: openai.UploadBatchFileRequest{Lines: lines}})
		if err != nil {
			return nil, err
		}
		state.ID = b.ID
	}
	text, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	return state, durable.WriteBytes(path, text)
}

// over says that nothing can come of a batch any more.
func over(status string) bool {
	return status == "failed" || status == "cancelled" || status == "expired"
}

func (e *endpoint) await(ctx context.Context, h *hearing, id string) (*openai.Batch, error) {
	bar := h.run.Progress("batch "+id, "questions", 0)
	defer bar.Done()
	seen, failures := 0, 0
	for {
		b, err := e.client.RetrieveBatch(ctx, id)
		switch {
		case err == nil && (b.Status == "completed" || over(b.Status)):
			return &b.Batch, nil
		case err == nil:
			failures = 0
			bar.Add(max(0, b.RequestCounts.Completed-seen))
			seen = max(seen, b.RequestCounts.Completed)
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		default:
			if failures++; failures >= attempts {
				return nil, err
			}
		}
		if err := sleep(ctx, e.poll); err != nil {
			return nil, err
		}
	}
}

// collect takes the answers into the ledger; also an expired batch has some.
func (e *endpoint) collect(ctx context.Context, h *hearing, b *openai.Batch, state *batchState) error {
	if b.OutputFileID == nil || *b.OutputFileID == "" {
		if b.Status == "completed" || b.Status == "expired" {
			return nil
		}
		return &fatalError{fmt.Errorf("the batch ended as %s", b.Status)}
	}
	file, err := e.client.GetFileContent(ctx, *b.OutputFileID)
	if err != nil {
		return err
	}
	defer file.Close()
	asked := map[string]bool{}
	for _, key := range state.Keys {
		asked[key] = true
	}
	in := bufio.NewReader(file)
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			if err := e.take(h, line, asked); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (e *endpoint) take(h *hearing, line []byte, asked map[string]bool) error {
	var out struct {
		ID       string `json:"custom_id"`
		Response *struct {
			Status int             `json:"status_code"`
			Body   json.RawMessage `json:"body"`
		} `json:"response"`
	}
	if err := json.Unmarshal(line, &out); err != nil {
		return fmt.Errorf("an answer is no JSON: %w", err)
	}
	if out.Response == nil || out.Response.Status != 200 || !asked[out.ID] || e.book.has(out.ID) {
		return nil // asked again by itself, or somebody else's
	}
	r, err := decodeAnswer(out.Response.Body)
	if err != nil {
		return nil
	}
	got := e.entry(out.ID, r, e.price.batchFactor())
	h.spent.note(func(c *Cost) { c.pay(got) })
	return e.book.write(got)
}
