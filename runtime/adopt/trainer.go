package adopt

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cogumi/reports/run"
)

// trainerFile is what transformers' Trainer writes beside each checkpoint
// (transformers/trainer_callback.py, TrainerState).
const trainerFile = "trainer_state.json"

type trainerState struct {
	GlobalStep int                          `json:"global_step"`
	MaxSteps   int                          `json:"max_steps"`
	Epoch      *float64                     `json:"epoch"`
	Epochs     *float64                     `json:"num_train_epochs"`
	Batch      int                          `json:"train_batch_size"`
	Tokens     int64                        `json:"num_input_tokens_seen"`
	FLOPs      float64                      `json:"total_flos"`
	Best       *float64                     `json:"best_metric"`
	BestAt     string                       `json:"best_model_checkpoint"`
	History    []map[string]json.RawMessage `json:"log_history"`
}

// names of the Trainer's numbers as this product calls them.
var seriesNames = map[string]string{"loss": "train/loss", "learning_rate": "train/lr", "grad_norm": "train/grad_norm"}

// finals are what the Trainer logs once, at the end.
var finals = map[string]struct{ name, unit string }{
	"train_runtime":            {"training time", "s"},
	"train_samples_per_second": {"training speed", "rows/s"},
	"train_loss":               {"mean training loss", ""},
}

func (a *adopted) readTrainer() error {
	if a.trainer == "" {
		return nil
	}
	var s trainerState
	if err := readFile(a.trainer, &s); err != nil {
		return err
	}
	if len(s.History) == 0 {
		return fmt.Errorf("%s: its log_history is empty: nothing was logged", a.trainer)
	}
	a.info.Ended = modified(a.trainer)
	seconds := 0.0
	for _, entry := range s.History {
		if v, ok := number(entry["train_runtime"]); ok {
			seconds = v
		}
	}
	a.info.Started = a.info.Ended.Add(-time.Duration(seconds * float64(time.Second)))
	a.trainerParams(&s)
	a.history(&s)
	if s.MaxSteps > s.GlobalStep {
		a.note("warn", "train", fmt.Sprintf("The training ended at step %d of %d.", s.GlobalStep, s.MaxSteps), "")
	}
	return nil
}

func (a *adopted) trainerParams(s *trainerState) {
	a.param("steps", positive(float64(s.GlobalStep)))
	if s.Epochs != nil {
		a.param("epochs", positive(*s.Epochs))
	}
	a.param("batch size", positive(float64(s.Batch)))
	a.param("tokens seen", positive(float64(s.Tokens)))
	if s.Best != nil {
		a.param("best metric", fmt.Sprintf("%.6g", *s.Best))
		a.param("best checkpoint", s.BestAt)
	}
	if s.FLOPs > 0 {
		a.events = append(a.events, run.Event{Kind: "figure", Figure: &run.Figure{Name: "floating-point operations", Value: s.FLOPs, Note: "as the Trainer estimates them"}})
	}
}

func positive(v float64) string {
	if v <= 0 {
		return ""
	}
	return fmt.Sprintf("%.10g", v)
}

// history turns the log into series. Times are spread evenly: the log has none.
func (a *adopted) history(s *trainerState) {
	var lost []string
	for i, entry := range s.History {
		step, _ := number(entry["step"])
		if math.Abs(step) > 1<<52 {
			continue
		}
		share := float64(i+1) / float64(len(s.History))
		at := a.info.Started.Add(time.Duration(share * float64(a.info.Ended.Sub(a.info.Started))))
		for _, key := range sortedKeys(entry) {
			if key == "step" || key == "epoch" || key == "total_flos" {
				continue
			}
			v, ok := number(entry[key])
			if !ok {
				if string(entry[key]) == "null" && len(lost) < 5 {
					lost = append(lost, fmt.Sprintf("%s at step %.0f", key, step))
				}
				continue
			}
			if f, ok := finals[key]; ok {
				a.events = append(a.events, run.Event{Kind: "figure", Figure: &run.Figure{Name: f.name, Value: v, Unit: f.unit}})
				continue
			}
			if name := seriesName(key); name != "" {
				a.events = append(a.events, run.Event{Time: at, Kind: "metric", Metric: &run.Metric{Series: name, X: int(step), Value: v}})
			}
		}
	}
	if len(lost) > 0 {
		a.note("warn", "train", "Not every logged number is one: "+strings.Join(lost, ", ")+".", "A loss that is no number means that the training broke there; look at the rows and the learning rate.")
	}
}

// seriesName is empty for what says nothing about the course: timings of
// evaluations, totals.
func seriesName(key string) string {
	if name, ok := seriesNames[key]; ok {
		return name
	}
	for _, end := range []string{"_runtime", "_per_second"} {
		if strings.HasSuffix(key, end) {
			return ""
		}
	}
	if rest, ok := strings.CutPrefix(key, "eval_"); ok {
		return "eval/" + rest
	}
	return "train/" + strings.TrimPrefix(key, "train_")
}

func number(raw json.RawMessage) (v float64, ok bool) {
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil || string(raw) == "null" {
		return 0, false
	}
	return v, true
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// readAdapter takes the adapter's settings from PEFT's adapter_config.json.
func (a *adopted) readAdapter() error {
	if a.adapter == "" {
		return nil
	}
	var c struct {
		Base    string          `json:"base_model_name_or_path"`
		Kind    string          `json:"peft_type"`
		Rank    int             `json:"r"`
		Alpha   float64         `json:"lora_alpha"`
		Dropout float64         `json:"lora_dropout"`
		Targets json.RawMessage `json:"target_modules"` // a list, or a pattern
		RSLoRA  bool            `json:"use_rslora"`
		DoRA    bool            `json:"use_dora"`
	}
	if err := readFile(a.adapter, &c); err != nil {
		return err
	}
	a.param("base model", c.Base)
	a.param("adapter", strings.ToLower(c.Kind))
	a.param("rank", positive(float64(c.Rank)))
	a.param("alpha", positive(c.Alpha))
	a.param("dropout", positive(c.Dropout))
	var list []string
	if json.Unmarshal(c.Targets, &list) == nil {
		slices.Sort(list)
		a.param("target modules", strings.Join(list, " "))
	}
	for name, on := range map[string]bool{"rsLoRA": c.RSLoRA, "DoRA": c.DoRA} {
		if on {
			a.param(name, "true")
		}
	}
	return nil
}
