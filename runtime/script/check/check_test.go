package check

import (
	"go/token"
	"testing"
)

func BenchmarkHello(b *testing.B) {
	for b.Loop() {
		_, p := New().Check(token.NewFileSet(), "x.go", []byte("package main\nimport (\"fmt\";\"os\";\"slices\";\"time\";\"strings\")\nfunc main() { fmt.Println(slices.Max([]int{1}), os.Args, time.Now(), strings.Fields(\"\")) }"))
		if p != nil {
			b.Fatal(p)
		}
	}
}
