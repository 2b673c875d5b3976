package experiment

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// barState is what one line of progress shows.
type barState struct {
	name, unit, note string
	done, total      int
	rate             float64       // units per second, 0: unknown
	eta              time.Duration // 0: unknown
	elapsed          time.Duration
}

const spinner = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

func spin(elapsed time.Duration) string {
	frames := []rune(spinner)
	return string(frames[int(elapsed/(100*time.Millisecond))%len(frames)])
}

// bar draws a line of at most width columns. What matters least goes first when
// it is too narrow: the bar itself, the note, the rate.
func (s barState) bar(width int, st style) string {
	type field struct {
		text string
		dim  bool
	}
	fields := []field{{text: s.name}}
	percent := ""
	if s.total > 0 {
		percent = fmt.Sprintf("%d %%", min(s.done, s.total)*100/s.total)
		fields = append(fields, field{text: fmt.Sprintf("%4s", percent)})
	}
	fields = append(fields, field{s.count(), true})
	var optional []field
	if s.eta > 0 {
		optional = append(optional, field{"ETA " + duration(s.eta), false})
	}
	if s.rate > 0 {
		optional = append(optional, field{rateText(s.rate, s.unit), true})
	}
	if s.note != "" {
		optional = append(optional, field{s.note, true})
	}
	used := 4 // spinner and margin
	for _, f := range fields {
		used += utf8.RuneCountInString(f.text) + 2
	}
	for _, f := range optional {
		if n := utf8.RuneCountInString(f.text) + 2; used+n <= width-1 {
			fields = append(fields, f)
			used += n
		}
	}
	var b strings.Builder
	b.WriteString("  " + st.accent(spin(s.elapsed)) + " ")
	for i, f := range fields {
		if i > 0 {
			b.WriteString("  ")
		}
		text := f.text
		if f.dim {
			text = st.dim(text)
		}
		b.WriteString(text)
		if room := min(width-1-used-2, 28); i == 0 && s.total > 0 && room >= 8 {
			b.WriteString("  " + s.drawing(room, st))
		}
	}
	return b.String()
}

// drawing is the bar itself, n columns wide.
func (s barState) drawing(n int, st style) string {
	full := float64(min(s.done, s.total)) / float64(s.total) * float64(n)
	whole := int(full)
	head := ""
	if whole < n {
		head = "╺"
		if full-float64(whole) >= 0.5 {
			head = "╸"
		}
	}
	if head == "╸" {
		return st.accent(strings.Repeat("━", whole)+head) + st.dim(strings.Repeat("━", n-whole-1))
	}
	return st.accent(strings.Repeat("━", whole)) + st.dim(head+strings.Repeat("━", max(n-whole-1, 0)))
}

func (s barState) count() string {
	if s.total > 0 {
		if s.unit == bytesUnit {
			return Bytes(int64(s.done)) + " of " + Bytes(int64(s.total))
		}
		return thousands(s.done) + "/" + thousands(s.total) + " " + s.unit
	}
	return amount(s.done, s.unit)
}

// bytesUnit is the unit that is shown as kB, MB, GB.
const bytesUnit = "bytes"

func amount(n int, unit string) string {
	if unit == bytesUnit {
		return Bytes(int64(n))
	}
	return thousands(n) + " " + unit
}

// Bytes is a size as a person says it: 98.4 MB.
func Bytes(n int64) string {
	for i, unit := range []string{"TB", "GB", "MB", "kB"} {
		size := math.Pow10(12 - 3*i)
		if float64(n) >= 0.9995*size {
			return number(max(float64(n)/size, 1)) + " " + unit
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// plain is the same as words, for logs.
func (s barState) plain() string {
	parts := []string{s.count()}
	if s.total > 0 {
		parts[0] += fmt.Sprintf(" (%d %%)", min(s.done, s.total)*100/s.total)
	}
	if s.rate > 0 {
		parts = append(parts, rateText(s.rate, s.unit))
	}
	if s.eta > 0 {
		parts = append(parts, "ETA "+duration(s.eta))
	}
	if s.note != "" {
		parts = append(parts, s.note)
	}
	return s.name + ": " + strings.Join(parts, ", ")
}

func rateText(rate float64, unit string) string {
	if unit == bytesUnit {
		return Bytes(int64(rate)) + "/s"
	}
	return number(rate) + " " + unit + "/s"
}

// number shows about three digits.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return thousands(int(math.Round(v)))
	case a >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration is a time span as a person says it.
func duration(d time.Duration) string {
	switch {
	case d < 9950*time.Millisecond:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	case d < 59500*time.Millisecond:
		return strconv.Itoa(int(math.Round(d.Seconds()))) + " s"
	case d < time.Hour-500*time.Millisecond:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
	}
	d = d.Round(time.Hour)
	return fmt.Sprintf("%d d %02d h", int(d.Hours())/24, int(d.Hours())%24)
}
