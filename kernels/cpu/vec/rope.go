package vec

// Rope rotates every head of a row in place, the halves of a head being the two
// coordinates (arXiv:2104.09864, as Hugging Face lays them out):
//
//	(x1, x2) → (x1·cos − x2·sin, x2·cos + x1·sin)
//
// A row is whole heads of headDim values; cos and sin are headDim/2 long, for the
// row's position. inverse rotates back, which is also the backward.
func Rope(row []float32, headDim int, cos, sin []float32, inverse bool) {
	half := headDim / 2
	cos, sin = cos[:half], sin[:half]
	for ; len(row) >= headDim; row = row[headDim:] {
		if inverse {
			unrope(row[:half], row[half:headDim], cos, sin)
		} else {
			rope(row[:half], row[half:headDim], cos, sin)
		}
	}
}
