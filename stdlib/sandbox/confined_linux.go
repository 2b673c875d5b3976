//go:build linux && (amd64 || arm64)

package sandbox

import (
	"fmt"
	"os"
	"sync/atomic"

	"cogumi/stdlib/sandbox/inside"
)

// Users that programs become when this process is root and there are no
// namespaces: those that systemd hands out to services for a while. A user of its
// own makes the kernel's limit on processes exact.
const (
	firstUser = 61184
	userCount = 65519 - firstUser
)

var nextUser atomic.Uint32

// users says whether programs get users of their own: the ways to try, best first.
func users(tier string) []bool {
	if tier == Confined && mayMapEveryone() {
		return []bool{true, false} // false: the interpreter lies where only root can go
	}
	return []bool{false}
}

// house makes the folder of a program that has no file system of its own.
func (py *python) house(plan *inside.Plan) error {
	home, err := os.MkdirTemp("", "cogumi-program-")
	if err != nil {
		return fmt.Errorf("make the program's folder: %w", err)
	}
	plan.Home = home
	plan.Args[len(plan.Args)-1] = home + "/" + mainFile
	if py.own {
		// Two programs of two processes may meet here; then the limit on processes is
		// theirs together, all else holds.
		plan.User = firstUser + uint64(os.Getpid()*7+int(nextUser.Add(1)))%userCount
	}
	return nil
}
