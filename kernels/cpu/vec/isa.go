package vec

import "os"

// level is an instruction set that functions here exist for.
type level int

const (
	plain level = iota
	avx2
	avx512
)

// active is what this process uses: what the processor has, or less if
// COGUMI_ISA says so.
var active = pick(detect(), os.Getenv("COGUMI_ISA"))

// pick lowers the processor's level to the one named; names that are unknown or
// more than the processor has change nothing.
func pick(have level, name string) level {
	for l := plain; l < have; l++ {
		if l.String() == name {
			return l
		}
	}
	return have
}

func (l level) String() string {
	return [...]string{"plain", "avx2", "avx512"}[l]
}

// ISA names the instruction set in use: avx512, avx2 or plain. It is part of the
// identity of results. COGUMI_ISA in the environment forces a lower one.
func ISA() string { return active.String() }
