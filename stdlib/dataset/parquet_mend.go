package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// parquet-go v0.32.0 reads two kinds of column chunks wrong, without an error:
//
//   - LZ4_RAW pages that hardly shrink come out as whatever was in the buffer
//     (its issue 608);
//   - runs of run-length encoded booleans whose length is no multiple of 8 shift
//     everything behind them. pyarrow writes such runs into v2 data pages.
//
// mend gives a file in which those chunks are stored plainly: new chunks and a
// new footer behind the old bytes. Other chunks stay where they are.
func mend(r io.ReaderAt, size int64, file *parquet.File) (*parquet.File, error) {
	meta := *file.Metadata()
	leaves := leafColumns(file.Root(), nil)
	tail := &mended{ReaderAt: r, size: size}
	meta.RowGroups = slices.Clone(meta.RowGroups)
	for g := range meta.RowGroups {
		group := &meta.RowGroups[g]
		group.Columns = slices.Clone(group.Columns)
		for c := range group.Columns {
			if chunk := &group.Columns[c]; c < len(leaves) && suspect(&chunk.MetaData) {
				if err := tail.chunk(&chunk.MetaData, leaves[c]); err != nil {
					return nil, fmt.Errorf("column %s: %w", leaves[c].Name(), err)
				}
				chunk.OffsetIndexOffset, chunk.ColumnIndexOffset = 0, 0
				chunk.OffsetIndexLength, chunk.ColumnIndexLength = 0, 0
			}
		}
	}
	if len(tail.more) == 0 {
		return file, nil
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return nil, err
	}
	tail.more = append(tail.more, footer...)
	tail.more = binary.LittleEndian.AppendUint32(tail.more, uint32(len(footer)))
	tail.more = append(tail.more, "PAR1"...)
	return parquet.OpenFile(tail, size+int64(len(tail.more)), openOptions...)
}

func suspect(m *format.ColumnMetaData) bool {
	return m.Codec == format.Lz4Raw || m.Type == format.Boolean && slices.Contains(m.Encoding, format.RLE)
}

func leafColumns(c *parquet.Column, list []*parquet.Column) []*parquet.Column {
	if c.Leaf() {
		return append(list, c)
	}
	for _, child := range c.Columns() {
		list = leafColumns(child, list)
	}
	return list
}

// mended is a file with more bytes behind its own.
type mended struct {
	io.ReaderAt
	size int64
	more []byte
}

func (m *mended) ReadAt(b []byte, at int64) (n int, err error) {
	if at < m.size {
		n, err = m.ReaderAt.ReadAt(b[:min(int64(len(b)), m.size-at)], at)
		if n == len(b) || at+int64(n) < m.size {
			return n, err
		}
		at += int64(n)
	}
	rest := copy(b[n:], m.more[min(at-m.size, int64(len(m.more))):])
	if n += rest; n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// chunk writes the chunk's pages anew and points its metadata to them.
func (m *mended) chunk(meta *format.ColumnMetaData, leaf *parquet.Column) error {
	start := meta.DataPageOffset
	if d := meta.DictionaryPageOffset; d > 0 && d < start {
		start = d
	}
	if start < 0 || meta.TotalCompressedSize < 0 || start > m.size-meta.TotalCompressedSize {
		return errShape
	}
	old := make([]byte, meta.TotalCompressedSize)
	if _, err := m.ReaderAt.ReadAt(old, start); err != nil && err != io.EOF {
		return err
	}
	p := &pages{codec: meta.Codec, leaf: leaf, boolean: meta.Type == format.Boolean}
	at := m.size + int64(len(m.more))
	before := len(m.more)
	first, dictionary := int64(-1), int64(0)
	for len(old) > 0 {
		offset := m.size + int64(len(m.more))
		kind, page, rest, err := p.next(old)
		if err != nil {
			return err
		}
		switch kind {
		case format.DictionaryPage:
			dictionary = offset
		case format.DataPage, format.DataPageV2:
			if first < 0 {
				first = offset
			}
		}
		m.more, old = append(m.more, page...), rest
	}
	if first < 0 {
		first = at
	}
	meta.Codec, meta.DataPageOffset, meta.DictionaryPageOffset, meta.IndexPageOffset = format.Uncompressed, first, dictionary, 0
	meta.TotalCompressedSize = int64(len(m.more) - before)
	meta.TotalUncompressedSize = meta.TotalCompressedSize
	meta.BloomFilterOffset, meta.BloomFilterLength = 0, 0
	return nil
}

// pages turns the pages of one chunk into uncompressed ones.
type pages struct {
	codec   format.CompressionCodec
	leaf    *parquet.Column
	boolean bool
}

// pageLimit bounds what a page header may claim to unpack to.
const pageLimit = 1 << 30

// next is the first page of b, header and all, and what follows it.
func (p *pages) next(b []byte) (kind format.PageType, page, rest []byte, err error) {
	var h format.PageHeader
	r := new(thrift.CompactProtocol).NewReaderFromBytes(b)
	if err := thrift.NewDecoder(r).Decode(&h); err != nil {
		return 0, nil, nil, fmt.Errorf("page header: %w", err)
	}
	b = b[r.BytesRead():]
	if h.CompressedPageSize < 0 || int(h.CompressedPageSize) > len(b) || h.UncompressedPageSize < 0 || h.UncompressedPageSize > pageLimit {
		return 0, nil, nil, errShape
	}
	data, rest := b[:h.CompressedPageSize], b[h.CompressedPageSize:]
	switch h.Type {
	case format.DataPageV2:
		data, err = p.v2(&h, data)
	case format.DataPage:
		data, err = p.v1(&h, data)
	default:
		data, err = p.unpack(data, int(h.UncompressedPageSize))
	}
	if err != nil {
		return 0, nil, nil, err
	}
	h.CRC, h.CompressedPageSize, h.UncompressedPageSize = 0, int32(len(data)), int32(len(data))
	header, err := thrift.Marshal(new(thrift.CompactProtocol), &h)
	return h.Type, append(header, data...), rest, err
}

func (p *pages) unpack(b []byte, size int) ([]byte, error) {
	if p.codec == format.Uncompressed || len(b) == 0 {
		return b, nil
	}
	if p.codec == format.Lz4Raw {
		return unpackLZ4(b, size)
	}
	return parquet.LookupCompressionCodec(p.codec).Decode(nil, b)
}

// v1 pages are packed as a whole; their levels carry their length.
func (p *pages) v1(h *format.PageHeader, b []byte) ([]byte, error) {
	b, err := p.unpack(b, int(h.UncompressedPageSize))
	if err != nil || !h.DataPageHeader.Valid || !p.boolean || h.DataPageHeader.V.Encoding != format.RLE {
		return b, err
	}
	at := 0
	for _, levels := range []int{p.leaf.MaxRepetitionLevel(), p.leaf.MaxDefinitionLevel()} {
		if levels == 0 {
			continue
		}
		if len(b)-at < 4 {
			return nil, errShape
		}
		n := int(binary.LittleEndian.Uint32(b[at:]))
		if at += 4; n < 0 || n > len(b)-at {
			return nil, errShape
		}
		at += n
	}
	bits, err := plainBooleans(b[at:], int(h.DataPageHeader.V.NumValues))
	h.DataPageHeader.V.Encoding = format.Plain
	return append(b[:at:at], bits...), err
}

// v2 pages have their levels unpacked before the packed values.
func (p *pages) v2(h *format.PageHeader, b []byte) ([]byte, error) {
	v := &h.DataPageHeaderV2.V
	levels := int(v.RepetitionLevelsByteLength) + int(v.DefinitionLevelsByteLength)
	if !h.DataPageHeaderV2.Valid || min(v.RepetitionLevelsByteLength, v.DefinitionLevelsByteLength) < 0 || levels > len(b) {
		return nil, errShape
	}
	values := b[levels:]
	var err error
	if !v.IsCompressed.Valid || v.IsCompressed.V {
		if values, err = p.unpack(values, int(h.UncompressedPageSize)-levels); err != nil {
			return nil, err
		}
	}
	v.IsCompressed = thrift.New(false)
	if p.boolean && v.Encoding == format.RLE {
		v.Encoding = format.Plain
		if values, err = plainBooleans(values, int(v.NumValues)); err != nil {
			return nil, err
		}
	}
	return append(b[:levels:levels], values...), nil
}

// plainBooleans turns run-length encoded booleans, behind their length, into
// one bit each (parquet-format, Encodings.md, RLE = 3). limit is how many values
// there can be.
func plainBooleans(b []byte, limit int) ([]byte, error) {
	if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
		return nil, errShape
	}
	b = b[4 : 4+binary.LittleEndian.Uint32(b)]
	var out []byte
	n := 0
	put := func(bit byte) {
		if n%8 == 0 {
			out = append(out, 0)
		}
		out[n/8] |= bit << (n % 8)
		n++
	}
	for len(b) > 0 && n < limit {
		head, width := binary.Uvarint(b)
		if width <= 0 {
			return nil, errShape
		}
		b = b[width:]
		count := int(min(head>>1, uint64(limit)))
		if head&1 == 1 { // groups of eight, one byte each
			for range min(count, len(b)) {
				for bit := range 8 {
					put(b[0] >> bit & 1)
				}
				b = b[1:]
			}
			continue
		}
		if count > 0 && len(b) == 0 {
			return nil, errShape
		}
		for range min(count, limit-n) {
			put(b[0] & 1)
		}
		if head>>1 > 0 {
			b = b[1:]
		}
	}
	return out, nil
}

var errPacked = errors.New("a page does not unpack to the size that it says")

// unpackLZ4 unpacks one block of a known size.
func unpackLZ4(b []byte, size int) ([]byte, error) {
	out := make([]byte, max(0, size))
	n, err := lz4.UncompressBlock(b, out)
	if err != nil || n != size {
		return nil, errPacked
	}
	return out, nil
}
