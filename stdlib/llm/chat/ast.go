package chat

// The tree of a template. line is where a node starts, for messages.

type stmt interface{}

type (
	textStmt   struct{ text string }
	outputStmt struct {
		line int
		e    expr
	}
	ifStmt struct {
		line            int
		cond            expr
		then, otherwise []stmt
	}
	forStmt struct {
		line            int
		target          []string // more than one: the item is unpacked
		unpack          bool
		iter, cond      expr // cond: nil or the filter behind if
		body, otherwise []stmt
	}
	setStmt struct {
		line   int
		target []string
		unpack bool
		attr   string // set ns.attr = …; target is ns
		value  expr
	}
	setBlockStmt struct {
		line    int
		name    string
		filters []filterCall
		body    []stmt
	}
	withStmt struct {
		line   int
		names  []string
		values []expr
		body   []stmt
	}
	filterStmt struct {
		line    int
		filters []filterCall
		body    []stmt
	}
	macroStmt struct {
		line     int
		name     string
		params   []string
		defaults []expr // of the last params
		body     []stmt
	}
	generationStmt struct {
		line int
		body []stmt
	}
	loopControl struct{ isBreak bool }
)

type expr interface{}

type (
	constExpr struct{ v any }
	nameExpr  struct{ name string }
	listExpr  struct{ items []expr }
	tupleExpr struct{ items []expr }
	dictExpr  struct{ keys, values []expr }
	attrExpr  struct {
		of   expr
		name string
	}
	itemExpr  struct{ of, index expr }
	sliceExpr struct{ of, from, to, step expr } // nil: left out
	callExpr  struct {
		fn   expr
		args arguments
	}
	filterExpr struct {
		of expr
		filterCall
	}
	testExpr struct {
		of   expr
		name string
		args arguments
		not  bool
	}
	unaryExpr struct { // + - not
		op string
		e  expr
	}
	binaryExpr struct { // + - * / // % ** ~ and or
		op          string
		left, right expr
	}
	compareExpr struct { // a < b <= c
		first expr
		ops   []string
		rest  []expr
	}
	condExpr struct{ cond, then, otherwise expr } // otherwise nil: undefined
)

type filterCall struct {
	name string
	args arguments
}

type arguments struct {
	pos   []expr
	names []string
	named []expr
}
