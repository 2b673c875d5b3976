package bench

import (
	"fmt"
	"path/filepath"
	"strings"
)

// mmluRow is a row of MMLU, as in the data sets cais/mmlu and hendrycks/test.
type mmluRow struct {
	Question string   `json:"question"`
	Subject  string   `json:"subject"`
	Choices  []string `json:"choices"`
	Answer   int      `json:"answer"`
}

// text is tasks/mmlu/default/_default_template_yaml.
func (r *mmluRow) text() string {
	return fmt.Sprintf("%s\nA. %s\nB. %s\nC. %s\nD. %s\nAnswer:", strip(r.Question), r.Choices[0], r.Choices[1], r.Choices[2], r.Choices[3])
}

var letters = []string{"A", "B", "C", "D"}

func readMMLU(path string) ([]mmluRow, error) {
	var rows []mmluRow
	err := readLines(path, func(line []byte) error {
		var r mmluRow
		if err := parse(line, &r, "question", "subject", "choices", "answer"); err != nil {
			return err
		}
		if len(r.Choices) != 4 || r.Answer < 0 || r.Answer > 3 {
			return fmt.Errorf("a question has four choices, and its answer is 0 to 3: here %d choices, answer %d", len(r.Choices), r.Answer)
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// loadMMLU gives the questions of all subjects, subject by subject in the
// harness's order, with the first rows of the subject's dev split as examples.
func loadMMLU(l *loader) ([]*question, error) {
	test, err := l.file("mmlu", mmluTest, "test.jsonl", "mmlu_test.jsonl")
	if err != nil {
		return nil, err
	}
	rows, err := readMMLU(test)
	if err == nil {
		err = l.check(test, mmluTest, len(rows), mmluTexts(rows))
	}
	if err != nil {
		return nil, err
	}
	dev := map[string][]mmluRow{}
	if l.shots > 0 {
		path, err := l.file("mmlu", mmluDev, "dev.jsonl", "mmlu_dev.jsonl")
		if err != nil {
			return nil, err
		}
		list, err := readMMLU(path)
		if err == nil {
			err = l.check(path, mmluDev, len(list), mmluTexts(list))
		}
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			dev[r.Subject] = append(dev[r.Subject], r)
		}
	}
	of := map[string][]mmluRow{}
	for _, r := range rows {
		of[r.Subject] = append(of[r.Subject], r)
	}
	if len(of) != len(mmluSubjects) {
		return nil, fmt.Errorf("%s has %d subjects, MMLU has %d", test, len(of), len(mmluSubjects))
	}
	var out []*question
	for _, s := range mmluSubjects {
		if len(of[s.name]) == 0 {
			return nil, fmt.Errorf("%s has no question of the subject %s", test, s.name)
		}
		if len(dev[s.name]) < l.shots {
			return nil, fmt.Errorf("%s has %d examples of %s, %d are needed", filepath.Join(l.dir, "mmlu", "dev.jsonl"), len(dev[s.name]), s.name, l.shots)
		}
		out = append(out, mmluQuestions(s.name, of[s.name], dev[s.name][:l.shots], l.limit)...)
	}
	return out, nil
}

func mmluQuestions(subject string, rows, dev []mmluRow, limit int) []*question {
	var shots []shot
	for i := range dev {
		shots = append(shots, shot{dev[i].text(), letters[dev[i].Answer]})
	}
	about := "The following are multiple choice questions (with answers) about " + strings.ReplaceAll(subject, "_", " ") + ".\n\n"
	var out []*question
	for i := range head(rows, limit) {
		out = append(out, &question{task: "mmlu_" + subject, row: i, description: about, shots: shots, text: rows[i].text(), delimiter: " ", choices: letters, gold: rows[i].Answer, target: letters[rows[i].Answer]})
	}
	return out
}

func mmluTexts(rows []mmluRow) []string {
	out := make([]string, len(rows))
	for i := range rows {
		out[i] = rows[i].text() + " " + letters[rows[i].Answer]
	}
	return out
}

// head is the first n, all for n = 0.
func head[T any](list []T, n int) []T {
	if n > 0 && n < len(list) {
		return list[:n]
	}
	return list
}

// mmluSubjects are the 57 subjects in alphabetical order, with the group that
// each counts in (tasks/mmlu/default/*.yaml).
var mmluSubjects = []struct{ name, group string }{
	{"abstract_algebra", "stem"},
	{"anatomy", "stem"},
	{"astronomy", "stem"},
	{"business_ethics", "other"},
	{"clinical_knowledge", "other"},
	{"college_biology", "stem"},
	{"college_chemistry", "stem"},
	{"college_computer_science", "stem"},
	{"college_mathematics", "stem"},
	{"college_medicine", "other"},
	{"college_physics", "stem"},
	{"computer_security", "stem"},
	{"conceptual_physics", "stem"},
	{"econometrics", "social sciences"},
	{"electrical_engineering", "stem"},
	{"elementary_mathematics", "stem"},
	{"formal_logic", "humanities"},
	{"global_facts", "other"},
	{"high_school_biology", "stem"},
	{"high_school_chemistry", "stem"},
	{"high_school_computer_science", "stem"},
	{"high_school_european_history", "humanities"},
	{"high_school_geography", "social sciences"},
	{"high_school_government_and_politics", "social sciences"},
	{"high_school_macroeconomics", "social sciences"},
	{"high_school_mathematics", "stem"},
	{"high_school_microeconomics", "social sciences"},
	{"high_school_physics", "stem"},
	{"high_school_psychology", "social sciences"},
	{"high_school_statistics", "stem"},
	{"high_school_us_history", "humanities"},
	{"high_school_world_history", "humanities"},
	{"human_aging", "other"},
	{"human_sexuality", "social sciences"},
	{"international_law", "humanities"},
	{"jurisprudence", "humanities"},
	{"logical_fallacies", "humanities"},
	{"machine_learning", "stem"},
	{"management", "other"},
	{"marketing", "other"},
	{"medical_genetics", "other"},
	{"miscellaneous", "other"},
	{"moral_disputes", "humanities"},
	{"moral_scenarios", "humanities"},
	{"nutrition", "other"},
	{"philosophy", "humanities"},
	{"prehistory", "humanities"},
	{"professional_accounting", "other"},
	{"professional_law", "humanities"},
	{"professional_medicine", "other"},
	{"professional_psychology", "social sciences"},
	{"public_relations", "social sciences"},
	{"security_studies", "social sciences"},
	{"sociology", "social sciences"},
	{"us_foreign_policy", "social sciences"},
	{"virology", "other"},
	{"world_religions", "humanities"},
}
