package inside

// Outcome is how a program ended, as the one line that a sandbox process writes:
//
//	end STATUS CPU MEMORY
//	killed 0 CPU MEMORY
//	fail TEXT
type Outcome struct {
	Status int   // as wait reports it
	Killed bool  // because the parent wanted no more
	CPU    int64 // nanoseconds, user and system
	Memory int64 // largest resident set, bytes
}

func (o Outcome) line() string {
	kind := "end"
	if o.Killed {
		kind = "killed"
	}
	return kind + " " + decimal(int64(o.Status)) + " " + decimal(o.CPU) + " " + decimal(o.Memory)
}

// decimal writes a number. Package strconv would do it too, but is initialised
// only after many others.
func decimal(n int64) string {
	var b [20]byte
	i := len(b)
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	for {
		i--
		b[i] = '0' + byte(u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	if n < 0 {
		i--
		b[i] = '-'
	}
	return string(b[i:])
}
