// Package confine restricts the process that runs a script: to the files that it
// was given, and to system calls that neither start nor touch other processes.
//
// Landlock holds for the thread that asks for it and for what that thread starts.
// A Go program has many threads, so the restriction comes in two images of one
// process: the first, which is this program started with a policy, restricts its
// main thread and executes the program again; the second, all threads of which
// inherit that, adds the filter over system calls before anything of the script
// is read.
//
// The package is initialised before almost everything else, since it imports
// nothing but errors, os and syscall: the first image costs a millisecond or two.
package confine

import "errors"

// Names of the environment between the images.
const (
	EnvPolicy   = "COGUMI_CONFINE"  // descriptor that a packed Policy comes from
	EnvConfined = "COGUMI_CONFINED" // set in the second image: what holds, as Level packs it
)

// Access is what may be done below a path.
type Access uint8

const (
	List   Access = 1 << iota // folders' names, not what is in files
	Read                      // files and folders
	Write                     // make, change, rename and remove, too
	Link                      // make symbolic links
	Device                    // control a device
	Exec                      // execute
	Change                    // write files that exist, without reading them

	all = List | Read | Write | Link | Device | Exec | Change
)

// Rule allows something at a path and below. A path that does not exist allows
// nothing.
type Rule struct {
	Path string
	May  Access
}

// Policy is all that a process may do with files.
type Policy []Rule

// Pack writes the policy as bytes: each rule its access and its path, ended by NUL.
func (p Policy) Pack() []byte {
	var b []byte
	for _, r := range p {
		b = append(append(append(b, byte(r.May)), r.Path...), 0)
	}
	return b
}

var errDamaged = errors.New("the policy is damaged")

// Unpack reads what Pack wrote.
func Unpack(b []byte) (Policy, error) {
	var p Policy
	for len(b) > 0 {
		end := 1
		for end < len(b) && b[end] != 0 {
			end++
		}
		if end == 1 || end >= len(b) || Access(b[0])&^all != 0 {
			return nil, errDamaged
		}
		p = append(p, Rule{Path: string(b[1:end]), May: Access(b[0])})
		b = b[end+1:]
	}
	return p, nil
}

// Level is what a machine offers to restrict a process with.
type Level struct {
	Landlock int  // the version of its interface; 0: none
	Seccomp  bool // filters over system calls
}

// String is the level in a report: "Landlock 7, seccomp".
func (l Level) String() string {
	switch {
	case l.Landlock > 0 && l.Seccomp:
		return "Landlock " + string(digits(l.Landlock)) + ", seccomp"
	case l.Landlock > 0:
		return "Landlock " + string(digits(l.Landlock))
	case l.Seccomp:
		return "seccomp"
	}
	return "none"
}

func digits(n int) []byte {
	if n < 10 {
		return []byte{byte('0' + n)}
	}
	return append(digits(n/10), byte('0'+n%10))
}
