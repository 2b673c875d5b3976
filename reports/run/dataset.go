package run

// Clusters is what near-duplicate search made of a set of rows. The last one of
// a Name counts.
type Clusters struct {
	Name      string        `json:"name"`
	Title     string        `json:"title,omitempty"`
	Rows      int           `json:"rows"`
	Kept      int           `json:"kept"`
	Threshold float64       `json:"threshold,omitempty"` // Jaccard similarity from which rows count as near-duplicates
	Method    string        `json:"method,omitempty"`
	Sizes     []ClusterSize `json:"sizes,omitempty"`   // by size; single rows left out
	Largest   []Cluster     `json:"largest,omitempty"` // largest first, some of them
	Recall    []RecallPoint `json:"recall,omitempty"`  // share of pairs that the search finds, by similarity
	Audit     string        `json:"audit,omitempty"`   // name of the artefact that lists every removal
}

// ClusterSize says how many clusters have Size rows.
type ClusterSize struct {
	Size  int `json:"size"`
	Count int `json:"count"`
}

// Cluster is a group of near-duplicates.
type Cluster struct {
	Size   int          `json:"size"`
	Lowest float64      `json:"lowest,omitempty"` // smallest similarity to the kept row
	Kept   ClusterRow   `json:"kept"`
	Others []ClusterRow `json:"others,omitempty"` // some of the dropped ones
}

// ClusterRow is a row of a cluster; Jaccard is its similarity to the kept row.
type ClusterRow struct {
	Row     int     `json:"row"` // from 1
	Text    string  `json:"text"`
	Source  string  `json:"source,omitempty"`
	Jaccard float64 `json:"jaccard,omitempty"`
}

// RecallPoint is the share of pairs found at one similarity, both 0…1.
type RecallPoint struct {
	Jaccard float64 `json:"jaccard"`
	Found   float64 `json:"found"`
}

// Check is one thing that was looked at in the data before it was used, in a
// sentence. The last one of a Topic and Name counts.
type Check struct {
	Topic    string   `json:"topic"`   // data, dedup, train …
	Name     string   `json:"name"`    // short: "end tokens"
	Outcome  string   `json:"outcome"` // ok, warn, fail
	Text     string   `json:"text"`    // "Every row ends with an end token."
	Hint     string   `json:"hint,omitempty"`
	N        int      `json:"n,omitempty"`  // rows concerned
	Of       int      `json:"of,omitempty"` // rows looked at
	Examples []string `json:"examples,omitempty"`
}

// Source is data or a model that the run used, with its terms. The last one of a
// Kind and Name counts.
type Source struct {
	Kind     string `json:"kind"` // data, model, teacher, judge
	Name     string `json:"name"`
	License  string `json:"license,omitempty"`  // SPDX id or name; empty: unknown
	Terms    string `json:"terms,omitempty"`    // what the licence asks of what is made from it
	From     string `json:"from,omitempty"`     // where it came from
	Revision string `json:"revision,omitempty"` // commit, version
	SHA256   string `json:"sha256,omitempty"`
	Rows     int    `json:"rows,omitempty"`
}
