package main

import "cogumi/reports"

// stages are the pipeline around the example runs.
func stages() []reports.Stage {
	return []reports.Stage{
		{Name: "0.1 dedup", Scripts: []reports.Script{{Name: "dedup", Purpose: "Drop rows that others say nearly word for word."}}},
		{Name: "0.2 curate", Scripts: []reports.Script{{Name: "curate", Purpose: "Turn collected rows into training rows.", From: []string{"dedup"}}}},
		{Name: "1A train", Scripts: []reports.Script{{Name: "phase1a_train", Purpose: "Train a QLoRA adapter on curated rows.", From: []string{"curate"}}}},
		{Name: "1B.1 benchmark", Scripts: []reports.Script{{Name: "judge_replay", Purpose: "Read recorded judgements."}, {Name: "phase1b_benchmark", Purpose: "Judge answers in pairs.", From: []string{"phase1a_train"}}}},
		{Name: "1B.2 extract", Scripts: []reports.Script{{Name: "phase1b_extract", Purpose: "Turn judgements into training rows.", From: []string{"phase1b_benchmark"}}}},
		{Name: "1B.4 validate", Scripts: []reports.Script{{Name: "benchmarks", Purpose: "Score a model.", From: []string{"phase1b_scaleup"}}, {Name: "phase1b_validate", Purpose: "Compare before and after.", From: []string{"phase1b_scaleup"}}}},
		{Name: "1B.5 scale up", Scripts: []reports.Script{{Name: "phase1b_scaleup", Purpose: "The whole loop.", From: []string{"phase1a_train"}}}},
	}
}
