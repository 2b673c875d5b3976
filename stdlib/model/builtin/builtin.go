// Package builtin carries the files of the models that the binary brings along.
package builtin

import "embed"

// Files holds a Hugging Face folder for each model, by name. tiny is a Llama of
// 6.4 million parameters made for cogumi, trained on procedural tasks: it lets
// every script run offline on a CPU.
//
//go:embed tiny
var Files embed.FS
