package broker

import (
	"context"
	"fmt"
	"os"
	"time"
)

// AskSecret is the question for a secret.
const AskSecret = "secret"

// SecretQuestion names a variable of the environment, and where its value is to
// be sent.
type SecretQuestion struct {
	Name    string
	Address string // URL
}

// SecretAnswer is what the parent says.
type SecretAnswer struct {
	Value   string
	Refused bool // it is there, and not for that address
}

// RefusedError says that a secret is not for an address.
type RefusedError struct{ Name, Address string }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s is not sent to %s: a key goes to the host that it is for, and to addresses on the command line", e.Name, e.Address)
}

// Secret is the value of a variable of the environment, for one address. Scripts
// do not see it: the parent keeps it and gives it to the primitive that needs it.
// "" where there is none; the error is a *RefusedError where there is one that
// must not go there.
func Secret(name, address string) (string, error) {
	parent := Parent()
	if value := os.Getenv(name); value != "" || parent == nil {
		return value, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var a SecretAnswer
	if err := parent.Ask(ctx, AskSecret, SecretQuestion{name, address}, &a); err != nil {
		return "", fmt.Errorf("get %s: %w", name, err)
	}
	if a.Refused {
		return "", &RefusedError{name, address}
	}
	return a.Value, nil
}
