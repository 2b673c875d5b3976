// When main began, in nanoseconds since 1970.
package main

import (
	"fmt"
	"time"
)

func main() {
	fmt.Println(time.Now().UnixNano())
}
