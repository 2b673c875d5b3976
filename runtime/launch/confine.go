package launch

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/runtime/confine"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/hub"
)

// Files are the paths that a person gave to a script, beyond what every script
// may use. Relative ones are relative to the working folder.
type Files struct {
	Read    []string
	Write   []string // and below
	Outputs []string // files or folders that the script is to make
}

// isolation says in a word how the child is restricted; it stands in the run.
func (cfg Config) isolation() string {
	switch {
	case cfg.Compiled:
		return "none: compiled"
	case cfg.Files == nil:
		return "none: trusted"
	}
	return confine.Offered().String()
}

// policy is what a script's process may do with files. dir is the run folder,
// temp a folder of its own for temporary files.
func (cfg Config) policy(dir, temp string) confine.Policy {
	var p confine.Policy
	add := func(may confine.Access, paths ...string) {
		for _, path := range paths {
			if abs, err := filepath.Abs(path); err == nil && path != "" {
				p = append(p, confine.Rule{Path: abs, May: may})
			}
		}
	}
	const read, write = confine.Read, confine.Read | confine.Write
	add(write, dir, temp)
	add(read, filepath.Dir(dir))
	for _, shared := range []string{steps, judgements} {
		add(write, made(filepath.Join(filepath.Dir(dir), shared)))
	}
	p = append(p, workingFolder()...)
	add(read, cfg.Files.Read...)
	add(write, cfg.Files.Write...)
	for _, path := range cfg.Files.Outputs {
		// It is made under another name beside its place, and renamed.
		add(write, path, made(filepath.Dir(filepath.Clean(path))))
	}
	p = append(p, caches()...)
	for _, path := range system {
		add(read, found(path)...)
	}
	for _, name := range libraryFolders {
		add(read, filepath.SplitList(os.Getenv(name))...)
	}
	for _, path := range own {
		p = append(p, confine.Rule{Path: path, May: read})
	}
	p = append(p, confine.Rule{Path: "/proc/self/clear_refs", May: write}) // begins a new peak of memory
	add(write, "/dev/null", "/dev/zero", "/dev/full")
	add(read, "/dev/urandom", "/dev/random")
	p = append(p, gpu()...)
	// The process becomes its second image.
	add(confine.Exec, loaderOf(cfg.Program))
	return p
}

// Folders beside the runs, which all of them share: finished steps, and answers
// that were paid for.
const (
	steps      = ".steps"
	judgements = ".judgements"
)

// system is what programs read of a machine: libraries, certificates, time
// zones, names of hosts, its processors. /etc and /proc as a whole are not in it.
var system = []string{
	"/usr", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store", "/sys",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives",
	"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust/extracted", "/etc/ca-certificates",
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/protocols", "/etc/services",
	"/etc/localtime", "/etc/timezone", "/etc/mime.types", "/etc/apache2/mime.types", "/etc/os-release",
	"/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version", "/proc/devices", "/proc/modules",
	"/proc/filesystems", "/proc/driver", "/proc/sys/vm", "/proc/sys/kernel", "/proc/sys/fs", "/proc/sys/net/core", "/proc/sys/dev",
}

// libraryFolders name folders in which libraries and certificates lie.
var libraryFolders = []string{
	"LD_LIBRARY_PATH", "COGUMI_CUDA_PATH", "CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR", "ZONEINFO",
}

// own is what a process may know about itself; not its environment and memory.
var own = []string{
	"/proc/self/status", "/proc/self/stat", "/proc/self/statm", "/proc/self/maps", "/proc/self/smaps_rollup", "/proc/self/cgroup",
	"/proc/self/mountinfo", "/proc/self/mounts", "/proc/self/limits", "/proc/self/auxv", "/proc/self/cmdline", "/proc/self/comm", "/proc/self/oom_score_adj",
}

// found expands a pattern.
func found(pattern string) []string {
	if !strings.ContainsAny(pattern, "*?[") {
		return []string{pattern}
	}
	paths, _ := filepath.Glob(pattern) // the only error is a wrong pattern
	return paths
}

// workingFolder is readable, except that a home folder's hidden files and what
// lies beside home folders is not: nobody means those by starting a script there.
func workingFolder() confine.Policy {
	wd, err := os.Getwd()
	if err != nil {
		return nil
	}
	home, _ := os.UserHomeDir()
	if home, err = filepath.EvalSymlinks(home); err != nil {
		home = ""
	}
	here, err := filepath.EvalSymlinks(wd)
	if err != nil {
		here = wd
	}
	atHome := here == home
	above := home != "" && !atHome && within(home, here)
	p := confine.Policy{{Path: here, May: confine.Read}}
	if atHome || above {
		p[0].May = confine.List
	}
	entries, _ := os.ReadDir(here) // unreadable: there is nothing to allow
	for _, e := range entries {
		path := filepath.Join(here, e.Name())
		linked := e.Type()&os.ModeSymlink != 0
		if above || atHome && strings.HasPrefix(e.Name(), ".") {
			continue
		}
		// A folder of data is often a link to a larger disk. Scripts make no links
		// here, so that this one is the person's.
		if atHome || linked {
			p = append(p, confine.Rule{Path: path, May: confine.Read})
		}
	}
	return p
}

// within says whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}

// made is dir, which exists now or cannot be made: a rule needs a folder that exists.
func made(dir string) string {
	_ = os.MkdirAll(dir, 0o755) // who needs it will say so
	return dir
}

// cached are the parts of the cache that primitives fill. Programs that were
// compiled lie there, too, and are started later without any restriction.
var cached = []string{"nf4", "hashes", "speed", "judgements", "bad-rows"}

// caches are the folders of what can be made again or fetched again.
func caches() confine.Policy {
	var p confine.Policy
	if dir, err := machine.CacheDir(); err == nil {
		p = append(p, confine.Rule{Path: dir, May: confine.Read})
		for _, name := range cached {
			p = append(p, confine.Rule{Path: made(filepath.Join(dir, name)), May: confine.Read | confine.Write})
		}
	}
	if client, err := hub.FromEnvironment(); err == nil {
		p = append(p, confine.Rule{Path: made(client.Cache), May: confine.Read | confine.Write | confine.Link})
	}
	for i := range p {
		if abs, err := filepath.Abs(p[i].Path); err == nil {
			p[i].Path = abs
		}
	}
	return p
}

// gpu is what NVIDIA's driver opens; nothing where there is no GPU.
func gpu() confine.Policy {
	var p confine.Policy
	const control = confine.Read | confine.Write | confine.Device
	for _, pattern := range []string{"/dev/nvidia*", "/dev/nvidia-caps/*", "/dev/nvhost*", "/dev/nvmap", "/dev/dxg", "/dev/dri/*"} {
		for _, path := range found(pattern) {
			if _, err := os.Lstat(path); err == nil {
				p = append(p, confine.Rule{Path: path, May: control})
			}
		}
	}
	if len(p) == 0 {
		return nil
	}
	// The driver gives its threads names, and does not start without: in /proc, where
	// the names of threads to come are not known. Their other files can then be
	// written by what runs in this process already, and not read.
	p = append(p, confine.Rule{Path: "/proc/self/task", May: confine.Change})
	// Between its processes it shares memory; compiled kernels it keeps.
	p = append(p, confine.Rule{Path: "/dev/shm", May: confine.Read | confine.Write}, confine.Rule{Path: "/run/nvidia-persistenced", May: confine.Read}, confine.Rule{Path: "/etc/nvidia", May: confine.Read})
	if home, err := os.UserHomeDir(); err == nil {
		p = append(p, confine.Rule{Path: filepath.Join(home, ".local/lib"), May: confine.Read}, confine.Rule{Path: filepath.Join(home, ".nv"), May: confine.Read | confine.Write})
	}
	return p
}

// loaderOf is the program that the kernel starts for a dynamic binary, or "".
func loaderOf(exe string) string {
	f, err := elf.Open(exe)
	if err != nil {
		return ""
	}
	defer f.Close()
	for _, s := range f.Progs {
		if s.Type != elf.PT_INTERP || s.Filesz > 4096 {
			continue
		}
		b := make([]byte, s.Filesz)
		if _, err := s.ReadAt(b, 0); err == nil {
			return strings.TrimRight(string(b), "\x00")
		}
	}
	return ""
}

// bounds are what a child that is restricted has of its parent.
type bounds struct {
	temp   string
	theirs []*os.File
	broker *os.File
	served chan struct{}
}

// confine prepares cmd to be restricted; nil bounds where it is not.
func (cfg Config) confine(cmd *exec.Cmd, dir string) (*bounds, error) {
	if cfg.Files == nil || cfg.Compiled || confine.Offered() == (confine.Level{}) {
		return nil, nil
	}
	b := &bounds{}
	fail := func(err error) (*bounds, error) {
		b.end()
		return nil, fmt.Errorf("restrict the script's process: %w", err)
	}
	var err error
	if b.temp, err = os.MkdirTemp("", "cogumi-run-"); err != nil {
		return fail(err)
	}
	ours, theirs, err := socketPair()
	if err != nil {
		return fail(err)
	}
	b.broker, b.theirs = ours, append(b.theirs, theirs)
	env, secrets := partSecrets(cmd.Env, cfg.Args)
	setup := cfg.setup(dir, b.temp)
	first := 3 + len(cmd.ExtraFiles)
	cmd.Env = append(env, fmt.Sprint(EnvBroker, "=", first), "TMPDIR="+b.temp)
	policy, err := handOver(cfg.policy(dir, b.temp).Pack())
	if err != nil {
		return fail(err)
	}
	b.theirs = append(b.theirs, policy)
	cmd.Env = append(cmd.Env, fmt.Sprint(confine.EnvPolicy, "=", first+1))
	cmd.ExtraFiles = append(cmd.ExtraFiles, b.theirs...)
	b.served = make(chan struct{})
	go b.serve(secrets, setup)
	return b, nil
}

// setup is what the child is told of the policy: what Landlock cannot say, that
// of an output's folder only the output is meant.
func (cfg Config) setup(dir, temp string) Setup {
	s := Setup{Writable: slices.Concat([]string{dir, temp}, cfg.Files.Write, cfg.Files.Outputs)}
	s.Caches = []string{filepath.Join(filepath.Dir(dir), judgements)}
	s.Steps = filepath.Join(filepath.Dir(dir), steps)
	for _, r := range caches() {
		if r.May&confine.Write != 0 {
			s.Caches = append(s.Caches, r.Path)
		}
	}
	return s
}

// handOver is a file from which b can be read, once.
func handOver(b []byte) (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = w.Write(b) // a reader that is gone needs nothing
		w.Close()
	}()
	return r, nil
}

// started lets go of what the child has now.
func (b *bounds) started() {
	if b == nil {
		return
	}
	for _, f := range b.theirs {
		f.Close()
	}
	b.theirs = nil
}

// end is called when the child is gone, or never was.
func (b *bounds) end() {
	if b == nil {
		return
	}
	b.started()
	if b.broker != nil {
		b.broker.Close()
	}
	if b.served != nil {
		<-b.served
	}
	if b.temp != "" {
		_ = os.RemoveAll(b.temp) // what stays is in the folder for what need not stay
	}
}
