// Package safetensors reads and writes the tensor files of the Hugging Face
// hub, and folders of them.
//
// The format (https://github.com/huggingface/safetensors, README "Format"):
// eight bytes with the length N of the header, little-endian; N bytes of JSON,
// an object from tensor name to {dtype, shape, data_offsets}, which may be
// padded with spaces at its end and may hold one more key, __metadata__, an
// object of strings; then the data, row-major and little-endian. data_offsets
// are [begin, end) from the first byte of the data. The tensors must tile the
// data: no overlap, no hole, nothing behind the last one.
//
// A large model comes as several such files and model.safetensors.index.json,
// whose weight_map says in which file a tensor lies.
//
// A header is untrusted: whatever it says is checked against the bytes that are
// there before any of them is handed out.
package safetensors
