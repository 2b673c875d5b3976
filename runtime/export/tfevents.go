package export

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// TensorBoard writes DIR/<run>/events.out.tfevents.<seconds>.cogumi, so that
// `tensorboard --logdir DIR` shows the run: its series and figures as scalars, how
// it was run as text, its parameters in the HPARAMS tab. It gives the file's path.
//
// The format is TensorFlow's: records (lib/io/record_writer) of messages
// (core/util/event.proto, core/framework/summary.proto; hparams from
// tensorboard/plugins/hparams/plugin_data.proto). Values are float32 there.
func (r *Run) TensorBoard(dir string) (string, error) {
	path := filepath.Join(dir, r.Info.ID, fmt.Sprintf("events.out.tfevents.%d.cogumi", r.Info.Started.Unix()))
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return "", err
	}
	err := durable.WriteFile(path, func(w io.Writer) error {
		began := r.Info.Started
		events := [][]byte{
			tfEvent(began, 0, textField(3, "brain.Event:2")), // file_version
			tfEvent(began, 0, summary(text("run/text_summary", r.story()))),
			tfEvent(began, 0, summary(plugin("_hparams_/session_start_info", "hparams", message(3, r.sessionStart())))),
		}
		for _, p := range append(r.Points, r.scores()...) {
			events = append(events, tfEvent(p.Time, p.X, summary(scalar(p.Series, p.Value))))
		}
		if r.State() != run.Running {
			events = append(events, tfEvent(r.ended(), 0, summary(plugin("_hparams_/session_end_info", "hparams", message(4, r.sessionEnd())))))
		}
		for _, e := range events {
			if err := writeRecord(w, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("write tfevents: %w", err)
	}
	return path, nil
}

// writeRecord frames a message: its length, the length's checksum, itself, its
// checksum, all little-endian.
func writeRecord(w io.Writer, data []byte) error {
	var b bytes.Buffer
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b.Write(head)
	b.Write(binary.LittleEndian.AppendUint32(nil, maskedCRC(head)))
	b.Write(data)
	b.Write(binary.LittleEndian.AppendUint32(nil, maskedCRC(data)))
	_, err := w.Write(b.Bytes())
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maskedCRC is rotated and shifted, because checksums of data that holds
// checksums tell little.
func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// tfEvent is an Event: wall_time 1, step 2, and what it holds.
func tfEvent(at time.Time, step int, holds []byte) []byte {
	b := doubleField(1, float64(at.UnixNano())/1e9)
	if step != 0 {
		b = protowire.AppendTag(b, 2, protowire.VarintType)
		b = protowire.AppendVarint(b, uint64(step))
	}
	return append(b, holds...)
}

// summary is an Event's summary (5) of one Value (1).
func summary(value []byte) []byte { return message(5, message(1, value)) }

// scalar is a Value: tag 1, simple_value 2.
func scalar(tag string, v float64) []byte {
	b := textField(1, tag)
	b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, math.Float32bits(float32(v)))
}

// text is a Value of the text plugin: a tensor (8) of strings.
func text(tag, s string) []byte {
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 7) // dtype DT_STRING
	size := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	tensor = append(tensor, message(2, message(2, size))...) // shape (2) of one dim (2) of one
	tensor = append(tensor, textField(8, s)...)              // string_val
	return append(plugin(tag, "text", nil), message(8, tensor)...)
}

// plugin is a Value with metadata (9) that names its plugin (1: name 1, content 2).
func plugin(tag, name string, content []byte) []byte {
	data := textField(1, name)
	if content != nil {
		data = append(data, message(2, content)...)
	}
	return append(textField(1, tag), message(9, message(1, data))...)
}

// sessionStart is a SessionStartInfo: hparams 1, group_name 4, start_time_secs 5.
func (r *Run) sessionStart() (b []byte) {
	for _, p := range append([]run.Param{{Name: "script", Value: r.Info.Script}}, r.Info.Params...) {
		entry := append(textField(1, p.Name), message(2, jsonValue(p.Value))...)
		b = append(b, message(1, entry)...)
	}
	b = append(b, textField(4, r.Info.ID)...)
	return append(b, doubleField(5, float64(r.Info.Started.UnixNano())/1e9)...)
}

// sessionEnd is a SessionEndInfo: status 1 (success 1, failure 2), end_time_secs 2.
func (r *Run) sessionEnd() []byte {
	status := uint64(2)
	if r.State() == run.Done {
		status = 1
	}
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), status)
	return append(b, doubleField(2, float64(r.ended().UnixNano())/1e9)...)
}

// jsonValue is a google.protobuf.Value: number 2, string 3, boolean 4.
func jsonValue(s string) []byte {
	if v, err := strconv.ParseFloat(s, 64); err == nil && !math.IsInf(v, 0) && !math.IsNaN(v) {
		return doubleField(2, v)
	}
	if v, err := strconv.ParseBool(s); err == nil {
		return protowire.AppendVarint(protowire.AppendTag(nil, 4, protowire.VarintType), protowire.EncodeBool(v))
	}
	return textField(3, s)
}

// story is Markdown: what was run, how it ended.
func (r *Run) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "**%s** (%s), %s\n\n", r.Info.Script, r.Info.ID, r.State())
	if purpose := r.Info.Header["PURPOSE"]; purpose != "" {
		fmt.Fprintf(&b, "%s\n\n", purpose)
	}
	fmt.Fprintf(&b, "    %s\n", r.Info.Command)
	if r.Info.Error != nil {
		fmt.Fprintf(&b, "\nError: %s\n", r.Info.Error.Message)
	}
	if params := r.Info.Params; len(params) > 0 {
		b.WriteString("\n| parameter | value |\n|---|---|\n")
		for _, p := range params {
			fmt.Fprintf(&b, "| %s | %s |\n", p.Name, strings.ReplaceAll(p.Value, "|", "\\|"))
		}
	}
	for _, n := range r.Notes() {
		fmt.Fprintf(&b, "\n- %s: %s", n.Topic, n.Text)
	}
	return b.String()
}

func textField(number protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), s)
}

func doubleField(number protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), math.Float64bits(v))
}

func message(number protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), body)
}
