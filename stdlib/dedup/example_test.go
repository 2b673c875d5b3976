package dedup_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/dedup"
)

// Rows in memory: what goes, for which row, and how near it is.
func ExampleFind() {
	set := &dataset.Set{Rows: []dataset.Row{
		{Instruction: "What is the boiling point of water at sea level in degrees Celsius?"},
		{Instruction: "Who painted the ceiling of the Sistine Chapel in Rome?"},
		{Instruction: "What is the boiling point of water at sea level in degrees celsius"},
	}}
	r, err := dedup.Find(set, dedup.Config{Threshold: 0.8})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range r.Removed {
		fmt.Printf("row %d goes for row %d, Jaccard %.3f\n", m.Row, m.KeptRow, m.Jaccard)
	}
	fmt.Println(r.Kept.Len(), "rows stay")
	// Output:
	// row 2 goes for row 0, Jaccard 0.984
	// 2 rows stay
}

// Files of any size: what stays is written as it was, with an audit of what goes.
func ExampleFiles() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	in, audit := filepath.Join(dir, "rows.jsonl"), filepath.Join(dir, "removed.jsonl")
	rows := `{"id": 1, "text": "The quick brown fox jumps over the lazy dog near the river bank."}
{"id": 2, "text": "The quick brown fox jumps over the lazy dog near the river bank!"}
{"id": 3, "text": "Something else."}
`
	if err := os.WriteFile(in, []byte(rows), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	r, err := dedup.Files(context.Background(), dedup.FileConfig{In: []string{in}, First: true, Out: filepath.Join(dir, "kept.jsonl"), Audit: audit})
	if err != nil {
		fmt.Println(err)
		return
	}
	removed, err := os.ReadFile(audit)
	fmt.Println(r.Kept, "of", r.Rows, err)
	fmt.Print(strings.ReplaceAll(string(removed), dir, ""))
	// Output:
	// 2 of 3 <nil>
	// {"row":1,"kept_row":0,"in_index":false,"jaccard":0.9636363636363636,"exact":false,"cluster":0,"band":0,"file":"/rows.jsonl"}
}
