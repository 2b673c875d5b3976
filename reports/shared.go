package reports

import "fmt"

// Shared is an asset that other pages of cogumi use, so that they look like
// reports: css/theme.css, echarts/echarts.min.js, fonts/Inter.woff2,
// fonts/Newsreader.woff2. Its bytes may not be changed.
func Shared(name string) ([]byte, error) {
	b, err := assets.ReadFile("assets/" + name)
	if err != nil {
		return nil, fmt.Errorf("report asset: %w", err)
	}
	return b, nil
}
