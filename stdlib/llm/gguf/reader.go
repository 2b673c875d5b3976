package gguf

import "fmt"

// reader reads metadata of the type that is wanted and remembers the first
// error.
type reader struct {
	f   *File
	err error
}

func (r *reader) fail(key, want string, v any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s is %.60s, want %s", key, fmt.Sprint(v), want)
	}
}

// get returns a value of type T, def where there is none.
func get[T any](r *reader, key, want string, def T) T {
	v, ok := r.f.Metadata[key]
	if !ok {
		return def
	}
	t, ok := v.(T)
	if !ok {
		r.fail(key, want, fmt.Sprintf("%T", v))
		return def
	}
	return t
}

// must is get of a key that must be there.
func must[T any](r *reader, key, want string) (t T) {
	if _, ok := r.f.Metadata[key]; !ok && r.err == nil {
		r.err = fmt.Errorf("the file has no %s", key)
	}
	return get(r, key, want, t)
}

func (r *reader) size(key string) int64       { return must[int64](r, key, "an integer") }
func (r *reader) text(key, def string) string { return get(r, key, "a text", def) }
func (r *reader) flag(key string, def bool) bool {
	return get(r, key, "true or false", def)
}
func (r *reader) number(key string, def float64) float64 { return get(r, key, "a number", def) }
func (r *reader) has(key string) bool                    { _, ok := r.f.Metadata[key]; return ok }

// id is a token's id, -1 where the file names none.
func (r *reader) id(key string, tokens int) int64 {
	id := get(r, key, "a token's id", int64(-1))
	if r.err == nil && (id < -1 || id >= int64(tokens)) {
		r.fail(key, fmt.Sprintf("one of %d tokens", tokens), id)
	}
	return id
}
