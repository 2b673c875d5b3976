package dyn

import (
	"reflect"
	"time"
)

// Select is one execution of a select statement.
type Select struct {
	cases []reflect.SelectCase
	value reflect.Value
	open  bool
}

// NewSelect starts a select statement.
func NewSelect() *Select { return &Select{} }

// SelectRecv adds case <-c.
func SelectRecv(s *Select, c any) {
	s.cases = append(s.cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: channel(c)})
}

// SelectSend adds case c <- v.
func SelectSend(s *Select, c, v any) {
	ch := channel(c)
	value := reflect.ValueOf(v)
	if ch.IsValid() {
		value = reflect.New(ch.Type().Elem()).Elem()
		if v != nil {
			set(value, reflect.ValueOf(v))
		}
	}
	s.cases = append(s.cases, reflect.SelectCase{Dir: reflect.SelectSend, Chan: ch, Send: value})
}

// channel is a nil channel's zero Value, which no case of reflect's gets ready.
func channel(c any) reflect.Value {
	v := reflect.ValueOf(c)
	if v.IsValid() && v.IsNil() {
		return reflect.Value{}
	}
	return v
}

// Select waits for a case and returns its number; -1 is the default case.
func (r *Runner) Select(s *Select, blocking bool) int {
	n := len(s.cases)
	for i, c := range s.cases {
		if !c.Chan.IsValid() { // never ready
			s.cases[i] = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf((chan int)(nil))}
		}
	}
	last := reflect.SelectCase{Dir: reflect.SelectDefault}
	if blocking {
		last = reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(r.Stop)}
	}
	chosen, v, open := reflect.Select(append(s.cases, last))
	if chosen == n {
		if blocking { // the interpreter is about to stop this goroutine
			time.Sleep(time.Second)
		}
		return -1
	}
	s.value, s.open = v, open
	return chosen
}

// Received stores what was received in *p.
func Received(s *Select, p any) { set(reflect.ValueOf(p).Elem(), s.value) }

// Open stores whether it was sent, in contrast to the channel being closed.
func Open(s *Select, p *bool) { *p = s.open }
