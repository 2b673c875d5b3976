// Package attn is causal attention in float32, over packed sequences for training
// and against a cache for generation, with grouped KV heads and an optional
// sliding window.
//
//	O = softmax(scale·Q·Kᵀ + mask)·V
//
// Query head h reads KV head h/(heads/kvHeads). Token i of a sequence sees tokens
// 0…i, with a window w only the last w of them, itself included.
//
// Scores are never stored: keys come in blocks that begin at multiples of a fixed
// length, and each query row keeps a running maximum and sum (arXiv:2205.14135).
// A row's result depends on its own sequence alone, bit for bit: not on the rest
// of the batch, not on how many tokens are computed at once, not on threads.
package attn
