// Package gguf reads GGUF files, the model files of llama.cpp: metadata, tensors
// and, of the model that they hold, what a Hugging Face folder would say.
//
// The format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions
// 2 and 3, little-endian): "GGUF", a version, the counts of tensors and of
// metadata; the metadata, keys with typed values; of each tensor its name, its
// dimensions innermost first, its type and its offset; then, from the next
// multiple of general.alignment on, the data. Block formats are those of package
// kernels/ggml.
//
// A file is untrusted: every length is checked against the bytes that are there
// before memory is taken for it. A file of an architecture, with a tokenizer or
// with a key about the architecture that is not known is refused by its name.
//
// Traps: files of the llama architecture hold the rows of q and k in another
// order, for rotations of neighbouring pairs instead of halves (convert_hf_to_gguf
// permutes them); Llama 3.1's stretched frequencies are a tensor, rope_freqs;
// an output layer that is missing is the embedding.
package gguf
