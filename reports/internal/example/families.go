package example

import (
	"fmt"
	"strings"
)

// kind is a family of problems: how often it comes, how many the base and the
// tuned model get right, and how one is made.
type kind struct {
	category, name   string
	n, before, after int
	make             func(g *maker) (prompt, reference, bad string)
	extracted        bool // the answer has a number to extract
}

func (g *maker) pick(list ...string) string { return list[g.rng.IntN(len(list))] }
func (g *maker) num(from, to int) int       { return from + g.rng.IntN(to-from+1) }

var (
	people  = []string{"Ben", "Cara", "Dan", "Eva", "Hugo", "Leo", "Olga", "Rosa", "Tina"}
	things  = []string{"apples", "books", "cups", "eggs", "keys", "pens", "shells", "stamps"}
	nouns   = []string{"cloud", "chair", "leaf", "blue", "stone", "train", "wind", "river", "lamp", "snow"}
	capital = [][2]string{{"Japan", "Tokyo"}, {"Peru", "Lima"}, {"Kenya", "Nairobi"}, {"Norway", "Oslo"}, {"Ghana", "Accra"}, {"Laos", "Vientiane"}}
	young   = [][2]string{{"duck", "duckling"}, {"eagle", "eaglet"}, {"swan", "cygnet"}, {"goat", "kid"}, {"hare", "leveret"}}
)

func sum(g *maker) (string, string, string) {
	a, b, what, who := g.num(11, 49), g.num(11, 49), g.pick(things...), g.pick(people...)
	return fmt.Sprintf("%s has %d %s and buys %d more. How many %s does %s have now?", who, a, what, b, what, who),
		fmt.Sprintf("%d + %d = %d\n#### %d", a, b, a+b, a+b), fmt.Sprintf("%d + %d = %d\n#### %d", a, b, a+b-10, a+b-10)
}

func difference(g *maker) (string, string, string) {
	a, b, what, who := g.num(20, 60), g.num(2, 19), g.pick(things...), g.pick(people...)
	return fmt.Sprintf("%s has %d %s and gives away %d. How many %s are left?", who, a, what, b, what),
		fmt.Sprintf("%d - %d = %d\n#### %d", a, b, a-b, a-b), fmt.Sprintf("%d + %d = %d\n#### %d", a, b, a+b, a+b)
}

func product(g *maker) (string, string, string) {
	a, b, what := g.num(3, 9), g.num(3, 9), g.pick(things...)
	return fmt.Sprintf("There are %d bags with %d %s each. How many %s are there?", a, b, what, what),
		fmt.Sprintf("%d * %d = %d\n#### %d", a, b, a*b, a*b), fmt.Sprintf("%d * %d = %d\n#### %d", a, b, a*b+a, a*b+a)
}

func twoStep(g *maker) (string, string, string) {
	a, b, c, what := g.num(20, 40), g.num(10, 30), g.num(3, 20), g.pick(things...)
	return fmt.Sprintf("A box holds %d %s. Cara adds %d and takes out %d. How many %s are in the box?", a, what, b, c, what),
		fmt.Sprintf("%d + %d = %d\n%d - %d = %d\n#### %d", a, b, a+b, a+b, c, a+b-c, a+b-c),
		fmt.Sprintf("%d + %d = %d\n#### %d", a, b, a+b, a+b)
}

// program is a function of one line; wrong is what the model writes instead.
func program(ask, body, wrong string) func(g *maker) (string, string, string) {
	return func(g *maker) (string, string, string) {
		k, fn, arg := g.num(2, 15), g.pick("solve", "run", "calc", "apply"), g.pick("x", "n", "value")
		fill := func(s string) string {
			return strings.NewReplacer("K", fmt.Sprint(k), "V", arg).Replace(s)
		}
		head := fmt.Sprintf("def %s(%s):\n    return ", fn, arg)
		return "Write a Python function that " + fill(ask) + ". Name the function " + fn + ".", head + fill(body), head + fill(wrong)
	}
}

func fact(ask string, table [][2]string) func(g *maker) (string, string, string) {
	return func(g *maker) (string, string, string) {
		i := g.rng.IntN(len(table))
		return fmt.Sprintf(ask, table[i][0]), table[i][1], table[(i+1)%len(table)][1]
	}
}

func compareN(n int) func(g *maker) (string, string, string) {
	return func(g *maker) (string, string, string) {
		p := g.rng.Perm(len(people))
		var s []string
		for i := 0; i+1 < n; i++ {
			s = append(s, fmt.Sprintf("%s is taller than %s.", people[p[i]], people[p[i+1]]))
		}
		return strings.Join(s, " ") + " Who is the shortest?", people[p[n-1]], people[p[n-2]]
	}
}

func wordList(g *maker, n int) []string {
	var out []string
	for _, i := range g.rng.Perm(len(nouns))[:n] {
		out = append(out, nouns[i])
	}
	return out
}

func reversed(g *maker) (string, string, string) {
	w := wordList(g, 4)
	return "Write these words in reverse order: " + strings.Join(w, " ") + ".", strings.Join([]string{w[3], w[2], w[1], w[0]}, " "), strings.Join([]string{w[3], w[1], w[2], w[0]}, " ")
}

func letters(g *maker) (string, string, string) {
	w := g.pick(nouns...)
	return "How many letters are in the word " + w + "?", fmt.Sprint(len(w)), fmt.Sprint(len(w) + 1)
}

func dashes(g *maker) (string, string, string) {
	w := wordList(g, 3)
	return "Join these words with dashes: " + strings.Join(w, ", ") + ".", strings.Join(w, "-"), strings.Join(w, " ")
}

func repeated(g *maker) (string, string, string) {
	w, n := g.pick(nouns...), g.num(2, 5)
	return fmt.Sprintf("Write the word %s %d times.", w, n), strings.TrimSpace(strings.Repeat(w+" ", n)), strings.TrimSpace(strings.Repeat(w+" ", n-1))
}

func capitals(g *maker) (string, string, string) {
	w := g.pick(nouns...)
	return "Write the word " + w + " in capital letters.", strings.ToUpper(w), strings.ToUpper(w[:1]) + w[1:]
}

func poem(g *maker) (string, string, string) {
	w := wordList(g, 2)
	return fmt.Sprintf("Write a two-line poem about %s and %s.", w[0], w[1]),
		fmt.Sprintf("The %s is soft, the %s is near,\nI keep them both through all the year.", w[0], w[1]),
		fmt.Sprintf("The %s is soft, the %s is near.", w[0], w[1])
}

func oddOneOut(g *maker) (string, string, string) {
	return "Which word does not belong with the others: black, red, lion, brown?", "lion", g.pick("red", "brown")
}

func sequence(g *maker) (string, string, string) {
	a, d := g.num(2, 30), g.num(2, 9)
	return fmt.Sprintf("What number comes next: %d, %d, %d, %d?", a, a+d, a+2*d, a+3*d), fmt.Sprint(a + 4*d), fmt.Sprint(a + 3*d + 1)
}

// The families of the evaluation set, in the numbers of a real run: 436 of 600
// right before, 511 after, count and square_add worse.
var kinds = []kind{
	{"math", "add", 12, 12, 12, sum, true}, {"math", "add_2digit", 29, 22, 25, sum, true}, {"math", "mul", 21, 18, 20, product, true},
	{"math", "sub", 15, 14, 14, difference, true}, {"math", "two_step", 23, 9, 11, twoStep, true},
	{"code", "add", 17, 17, 17, program("adds K to V", "V + K", "V - K"), false}, {"code", "divides", 19, 18, 18, program("tells whether V is divisible by K", "V % K == 0", "V / K == 0"), false},
	{"code", "even", 5, 5, 5, program("tells whether V is even", "V % 2 == 0", "V % 2 == 1"), false}, {"code", "last", 3, 3, 3, program("returns the last item of V", "V[-1]", "V[0]"), false},
	{"code", "mul", 16, 15, 16, program("multiplies V by K", "V * K", "V + K"), false}, {"code", "rsub", 18, 15, 17, program("subtracts V from K", "K - V", "V - K"), false},
	{"code", "square_add", 22, 22, 12, program("squares V and then adds K", "V * V + K", "V * K + V"), false},
	{"creativity", "poem", 100, 96, 99, poem, false},
	{"instruction", "count", 16, 13, 11, letters, false}, {"instruction", "join", 22, 17, 21, dashes, false}, {"instruction", "repeat", 16, 13, 15, repeated, false},
	{"instruction", "reverse", 30, 8, 24, reversed, false}, {"instruction", "upper", 16, 15, 16, capitals, false},
	{"knowledge", "capital", 37, 23, 37, fact("Which city is the capital of %s?", capital), false}, {"knowledge", "capital_rare", 32, 9, 32, fact("What is the capital of %s?", capital), false},
	{"knowledge", "young", 13, 8, 13, fact("What is a young %s called?", young), false}, {"knowledge", "young_rare", 18, 11, 18, fact("A young %s is called what?", young), false},
	{"reasoning", "compare3", 20, 19, 19, compareN(3), false}, {"reasoning", "compare4", 37, 17, 20, compareN(4), false},
	{"reasoning", "odd_one_out", 19, 9, 9, oddOneOut, false}, {"reasoning", "sequence", 24, 8, 7, sequence, false},
}
