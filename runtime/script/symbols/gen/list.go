package main

// standard is what scripts may import of Go's own library. Left out on purpose:
//   - ways around the runner: os/exec, syscall, unsafe, plugin, net and what
//     opens connections, os/signal (the runner owns signals), runtime/debug
//   - packages that read type names or method sets by reflection, which a
//     script's own types do not have: reflect, encoding/gob, encoding/xml, testing
//   - slices, maps, cmp and iter: generic throughout, they come as source (package lower)
var standard = []string{
	"bufio", "bytes",
	"compress/bzip2", "compress/flate", "compress/gzip", "compress/lzw", "compress/zlib",
	"container/heap", "container/list", "container/ring",
	"context",
	"crypto", "crypto/hmac", "crypto/md5", "crypto/rand", "crypto/sha1", "crypto/sha256", "crypto/sha512",
	"encoding", "encoding/ascii85", "encoding/base32", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/hex", "encoding/json", "encoding/pem",
	"errors", "flag", "fmt",
	"hash", "hash/adler32", "hash/crc32", "hash/crc64", "hash/fnv", "hash/maphash",
	"html", "image", "image/color", "image/png",
	"io", "io/fs",
	"log", "log/slog",
	"math", "math/big", "math/bits", "math/cmplx", "math/rand", "math/rand/v2",
	"mime", "net/url", "os",
	"path", "path/filepath",
	"regexp", "runtime", "sort", "strconv", "strings",
	"sync", "sync/atomic",
	"text/tabwriter", "text/template",
	"time", "unicode", "unicode/utf16", "unicode/utf8",
}

// hidden are names that scripts do not get although their package is there.
var hidden = map[string][]string{
	"cogumi/stdlib/experiment": {"Recorded"}, // of the primitives' own connections
	"os": {"StartProcess", "FindProcess", "Process", "ProcAttr", "ProcessState", "Chdir",
		"NewFile", "DirFS", "CopyFS", "OpenRoot", "OpenInRoot", "Root", "Setenv", "Unsetenv", "Clearenv", "ErrProcessDone", "ErrNoHandle"},
	"runtime": {"SetFinalizer", "SetCgoTraceback", "Breakpoint", "LockOSThread", "UnlockOSThread", "Goexit", "Callers", "Caller", "CallersFrames", "FuncForPC", "Stack", "Frame", "Frames", "Func", "Pinner", "AddCleanup", "Cleanup", "SetDefaultGOMAXPROCS", "GOROOT", "CPUProfile", "SetCPUProfileRate", "SetBlockProfileRate", "SetMutexProfileFraction", "BlockProfile", "BlockProfileRecord", "GoroutineProfile", "MutexProfile", "ThreadCreateProfile", "StackRecord", "MemProfile", "MemProfileRecord", "MemProfileRate",
		"MemStats", "ReadMemStats", "ReadTrace", "StartTrace", "StopTrace"},
}

// own are cogumi's packages for scripts, below the module; those that do not
// exist or do not compile yet are left out with a warning.
var own = []string{
	"reports/run",
	"stdlib/bench", "stdlib/compress", "stdlib/curate", "stdlib/dataset", "stdlib/dedup", "stdlib/distill",
	"stdlib/experiment", "stdlib/extract", "stdlib/grade", "stdlib/judge", "stdlib/model", "stdlib/modifier",
	"stdlib/router", "stdlib/sandbox", "stdlib/serve", "stdlib/stats", "stdlib/train", "stdlib/validate",
}
