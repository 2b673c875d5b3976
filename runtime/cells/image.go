package cells

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
)

// maxImage is the size of an image's file up to which it is shown.
const maxImage = 4 << 20

// picture is an image.Image, or bytes that are an image's file, as a file that
// browsers show; nil: v is none, or too large.
func picture(v any) (file []byte, mime string) {
	switch x := v.(type) {
	case []byte:
		file = x
	case image.Image:
		if b := x.Bounds(); b.Empty() || b.Dx() > 8192 || b.Dy() > 8192 {
			return nil, ""
		}
		var b bytes.Buffer
		if png.Encode(&b, x) != nil {
			return nil, ""
		}
		file = b.Bytes()
	default:
		return nil, ""
	}
	mime = http.DetectContentType(file)
	if len(file) > maxImage || !strings.HasPrefix(mime, "image/") || mime == "image/svg+xml" {
		return nil, ""
	}
	return file, mime
}
