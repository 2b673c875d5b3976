package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cogumi/reports"
	"cogumi/reports/run"
)

// Server is an MLflow tracking server (REST API 2.0, mlflow.org/docs/latest/rest-api).
type Server struct {
	URL        string // http://127.0.0.1:5000
	Experiment string // made if it is not there
	Token      string // bearer; or
	User       string // basic
	Password   string
	Client     *http.Client // nil: one that gives up after a minute
}

// ServerFromEnvironment takes what is empty from the variables that MLflow's own
// client reads.
func ServerFromEnvironment(s Server) Server {
	for variable, field := range map[string]*string{
		"MLFLOW_TRACKING_URI": &s.URL, "MLFLOW_EXPERIMENT_NAME": &s.Experiment, "MLFLOW_TRACKING_TOKEN": &s.Token,
		"MLFLOW_TRACKING_USERNAME": &s.User, "MLFLOW_TRACKING_PASSWORD": &s.Password,
	} {
		if *field == "" {
			*field = os.Getenv(variable)
		}
	}
	return s
}

// ErrThere: the server has the run already.
var ErrThere = errors.New("the server has this run already")

// Limits of one request and of values (mlflow/utils/validation.py).
const (
	batchMetrics = 1000
	batchParams  = 100
	longestValue = 6000 // of a parameter
	longestTag   = 5000
	longestKey   = 250
)

// idTag marks a run on the server as one of ours.
const idTag = "cogumi.run"

// MLflow logs the run to the server: parameters, every point of every series,
// figures, tags with the command, and the report as an artefact where the server
// takes artefacts itself. It gives the address of the run's page, and with notes
// what was left out. A run that is there already is ErrThere.
func (r *Run) MLflow(ctx context.Context, s Server) (page string, notes []string, err error) {
	if _, err := url.ParseRequestURI(s.URL); err != nil || !strings.HasPrefix(s.URL, "http") {
		return "", nil, fmt.Errorf("mlflow: %q is no address of a server: http://HOST:PORT is needed", s.URL)
	}
	s.URL = strings.TrimRight(s.URL, "/")
	if s.Client == nil {
		s.Client = &http.Client{Timeout: time.Minute}
	}
	experiment, err := s.experiment(ctx)
	if err != nil {
		return "", nil, err
	}
	if err := s.isNew(ctx, experiment, r.Info.ID); err != nil {
		return "", nil, err
	}
	id, artefacts, err := s.create(ctx, experiment, r)
	if err != nil {
		return "", nil, err
	}
	if notes, err = s.log(ctx, id, r); err != nil {
		return "", nil, err
	}
	switch sent, err := s.sendReport(ctx, artefacts, r.Dir); {
	case err != nil:
		notes = append(notes, err.Error())
	case !sent:
		notes = append(notes, "the report was not sent: this server's artefacts lie at "+artefacts)
	}
	status := map[run.State]string{run.Done: "FINISHED", run.Running: "RUNNING", run.Interrupted: "KILLED", run.Dead: "KILLED"}[r.State()]
	if status == "" {
		status = "FAILED"
	}
	update := map[string]any{"run_id": id, "status": status}
	if r.State() != run.Running {
		update["end_time"] = r.ended().UnixMilli()
	}
	if err := s.call(ctx, "runs/update", update, nil); err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("%s/#/experiments/%s/runs/%s", s.URL, experiment, id), notes, nil
}

func (s *Server) experiment(ctx context.Context) (id string, err error) {
	name := s.Experiment
	if name == "" {
		name = "cogumi"
	}
	var found struct {
		Experiment struct {
			ID string `json:"experiment_id"`
		} `json:"experiment"`
	}
	err = s.get(ctx, "experiments/get-by-name?experiment_name="+url.QueryEscape(name), &found)
	var refused *refusal
	if errors.As(err, &refused) && refused.code == "RESOURCE_DOES_NOT_EXIST" {
		var made struct {
			ID string `json:"experiment_id"`
		}
		err = s.call(ctx, "experiments/create", map[string]any{"name": name}, &made)
		return made.ID, err
	}
	return found.Experiment.ID, err
}

func (s *Server) isNew(ctx context.Context, experiment, id string) error {
	var found struct {
		Runs []struct {
			Info struct {
				ID string `json:"run_id"`
			} `json:"info"`
		} `json:"runs"`
	}
	err := s.call(ctx, "runs/search", map[string]any{"experiment_ids": []string{experiment}, "max_results": 1,
		"filter": fmt.Sprintf("tags.`%s` = '%s'", idTag, id)}, &found)
	if err == nil && len(found.Runs) > 0 {
		return fmt.Errorf("%w: %s/#/experiments/%s/runs/%s", ErrThere, s.URL, experiment, found.Runs[0].Info.ID)
	}
	return err
}

func (s *Server) create(ctx context.Context, experiment string, r *Run) (id, artefacts string, err error) {
	tags := []pair{{idTag, r.Info.ID}, {"mlflow.source.name", r.Info.Script}, {"mlflow.source.type", "LOCAL"}, {"cogumi.command", r.Info.Command},
		{"cogumi.version", r.Info.Environment.Cogumi}, {"mlflow.source.git.commit", r.Info.Environment.GitCommit}, {"mlflow.note.content", r.story()}}
	var made struct {
		Run struct {
			Info struct {
				ID  string `json:"run_id"`
				URI string `json:"artifact_uri"`
			} `json:"info"`
		} `json:"run"`
	}
	err = s.call(ctx, "runs/create", map[string]any{"experiment_id": experiment, "run_name": r.Info.ID, "start_time": r.Info.Started.UnixMilli(), "tags": cutAll(tags, longestTag, nil)}, &made)
	return made.Run.Info.ID, made.Run.Info.URI, err
}

// pair is a parameter or a tag.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// cutAll drops empty values and cuts long ones, which it calls told.
func cutAll(list []pair, longest int, told func(key string)) []pair {
	kept := []pair{}
	for _, p := range list {
		if p.Value == "" {
			continue
		}
		p.Key = mlflowKey(p.Key)
		if len(p.Value) > longest {
			p.Value = strings.ToValidUTF8(p.Value[:longest-4], "") + "…"
			if told != nil {
				told(p.Key)
			}
		}
		kept = append(kept, p)
	}
	return kept
}

// mlflowKey replaces what the server refuses in names.
func mlflowKey(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("_-. /", r):
			return r
		}
		return '_'
	}, name)
	return strings.Trim(name[:min(len(name), longestKey)], "/")
}

type mlflowMetric struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
	Time  int64   `json:"timestamp"`
	Step  int     `json:"step"`
}

func (s *Server) log(ctx context.Context, id string, r *Run) (notes []string, err error) {
	var params []pair
	for _, p := range r.Info.Params {
		params = append(params, pair{p.Name, p.Value})
	}
	params = cutAll(params, longestValue, func(key string) {
		notes = append(notes, fmt.Sprintf("the parameter %s was cut to %d bytes", key, longestValue))
	})
	for len(params) > 0 {
		n := min(len(params), batchParams)
		if err := s.call(ctx, "runs/log-batch", map[string]any{"run_id": id, "params": params[:n]}, nil); err != nil {
			return nil, err
		}
		params = params[n:]
	}
	points := append(r.Points[:len(r.Points):len(r.Points)], r.scores()...)
	for len(points) > 0 {
		n := min(len(points), batchMetrics)
		batch := make([]mlflowMetric, n)
		for i, p := range points[:n] {
			batch[i] = mlflowMetric{mlflowKey(p.Series), p.Value, p.Time.UnixMilli(), p.X}
		}
		if err := s.call(ctx, "runs/log-batch", map[string]any{"run_id": id, "metrics": batch}, nil); err != nil {
			return nil, err
		}
		points = points[n:]
	}
	return notes, nil
}

// sendReport builds the report anew and puts it where the server keeps artefacts.
// Servers that hand out places elsewhere (a bucket, a folder) are left alone.
func (s *Server) sendReport(ctx context.Context, artefacts, dir string) (sent bool, err error) {
	place, ok := strings.CutPrefix(artefacts, "mlflow-artifacts:/")
	if !ok {
		return false, nil
	}
	page, err := reports.Write(dir)
	if err != nil {
		return false, err
	}
	f, err := os.Open(page)
	if err != nil {
		return false, err
	}
	defer f.Close()
	place = strings.TrimPrefix(place, "/") + "/" + filepath.Base(page)
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, s.URL+"/api/2.0/mlflow-artifacts/artifacts/"+place, f)
	if err != nil {
		return false, err
	}
	if fi, err := f.Stat(); err == nil {
		req.ContentLength = fi.Size()
	}
	return true, s.do(req, nil)
}

func (s *Server) get(ctx context.Context, what string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/2.0/mlflow/"+what, nil)
	if err != nil {
		return err
	}
	return s.do(req, into)
}

func (s *Server) call(ctx context.Context, what string, body, into any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/2.0/mlflow/"+what, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return s.do(req, into)
}

// refusal is an answer that is no success.
type refusal struct {
	what, status, code, message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("mlflow: %s: %s %s %s", r.what, r.status, r.code, r.message)
}

func (s *Server) do(req *http.Request, into any) error {
	switch {
	case s.Token != "":
		req.Header.Set("Authorization", "Bearer "+s.Token)
	case s.User != "":
		req.SetBasicAuth(s.User, s.Password)
	}
	res, err := s.Client.Do(req)
	if err != nil {
		return fmt.Errorf("mlflow: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("mlflow: %s: %w", req.URL.Path, err)
	}
	if res.StatusCode/100 != 2 {
		var e struct {
			Code    string `json:"error_code"`
			Message string `json:"message"`
		}
		if json.Unmarshal(body, &e) != nil || e.Message == "" {
			e.Message = strings.TrimSpace(string(body[:min(len(body), 200)]))
		}
		return &refusal{req.URL.Path, res.Status, e.Code, e.Message}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("mlflow: %s: the answer is no JSON of the expected form: %w", req.URL.Path, err)
	}
	return nil
}
