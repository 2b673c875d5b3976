"""Random templates through jinja2 as transformers sets it up, for TestPeerJinja.

Prints JSON lines: the variables, then one template with what it rendered to, or
with the error. Usage: jinja_peer.py SEED COUNT (needs jinja2 3.1)."""
import copy, json, random, signal, sys, warnings
from jinja2.sandbox import ImmutableSandboxedEnvironment

warnings.simplefilter("ignore")
random.seed(int(sys.argv[1]))
pick = random.choice
env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
    x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

variables = {
    "s": "Hello Wörld, it's <b>\n x", "e": "", "n": 7, "z": 0, "m": -3, "f": 2.5, "g": 1e20, "t": True, "no": None,
    "l": [3, 1, 2, 2], "ls": ["b", "A", "c"], "d": {"a": 1, "b": [1, {"c": "é"}], "items": 5},
    "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "there\n"},
                 {"role": "user", "content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"x": 1.0}}}]}],
}
literals = """1|0|-2|3|2.5|1e3|'a'|'b c'|"it's"|''|true|false|none|[]|[1,2]|['x','y']|{}|{'k': 1}|(1,2)|'é😀ß'|' pad '|'12'|'1.5'
10000000000000000000|'a\\nb'|(1,)|'aXbXc'|[[1,'a'],[2,'b']]""".replace("\n", "|").split("|")
names = list(variables) + """undef messages[0] messages[-1] d.a d['b'] d.nope messages[0].content messages[2].content messages[9] l[1:] s[2:7]
s[::-1] l[::2] s[-3:] d.b[1].c messages[2].tool_calls[0].function ls[0] messages[1]['content'] d['items']""".split()
filters = """upper lower title capitalize trim length count list first last string int float abs tojson join join(',') join('-',attribute='role')
sort sort(reverse=true) sort(attribute='role') reverse|list unique|list sum min max round round(1) round(2,'floor') default('dd')
default('dd',true) d(1) replace('a','Z') replace('l','LL',1) items|list dictsort indent indent(2,true) indent(width=3,blank=true)
batch(2)|list batch(3,'-')|list map('upper')|list map(attribute='role')|list map(attribute='content',default='q')|list
selectattr('role','equalto','user')|list rejectattr('content')|list select('string')|list reject('odd')|list select|list
tojson(indent=2) tojson(sort_keys=true) tojson(separators=(',',':')) tojson(ensure_ascii=true) trim('x') format(1,2) map('int')|list
reverse dictsort(by='value') int(5) float(1.5) sum(start=2) select('>',1)|list map('first')|list""".split()
tests = """defined;undefined;none;string;number;integer;float;mapping;iterable;sequence;boolean;true;false;odd;even;divisibleby 3
divisibleby(2);eq 1;equalto 'a';in [1,2];in 'abc';lower;upper;sameas none;sameas true;gt 1;lt(2);ne none""".replace("\n", ";").split(";")
methods = """upper() lower() strip() lstrip() rstrip() strip('a') title() capitalize() split() split('X') split(',',1) rsplit('X',1)
startswith('a') endswith(('x','c')) replace('X','y') replace('X','y',1) find('b') rfind('X') count('X') join(['p','q']) splitlines()
removeprefix('a') removesuffix('c') get('a') get('zz',4) keys()|list values()|list items()|list items() keys() count(1)""".split()
indices = "0 -1 'a' 1: ::-1 :2 'role' 5".split()


def closed(e):
    return "(" + e + ")"


def expression(depth=0):
    r = random.random()
    more = lambda: expression(depth + 1)
    if depth > 3 or r < .22:
        return pick(literals) if random.random() < .45 else pick(names)
    if r < .42:
        return closed(more()) + "|" + pick(filters)
    if r < .5:
        return closed(more()) + "." + pick(methods)
    if r < .6:
        return closed(more()) + pick([" is ", " is not "]) + pick(tests)
    if r < .72:
        return more() + " " + pick("+ - * / // % ~ ~ +".split()) + " " + more()
    if r < .8:
        return more() + " " + pick(["==", "!=", "<", ">", "<=", ">=", "in", "not in"]) + " " + more()
    if r < .86:
        return more() + " " + pick(["and", "or"]) + " " + more()
    if r < .9:
        return "not " + more()
    if r < .94:
        return closed(more() + " if " + more() + pick([" else " + more(), ""]))
    if r < .97:
        return pick(names) + "[" + pick(indices) + "]"
    return pick("-+") + closed(more())


def tag(text):
    return "{%" + pick(["", "-", "+", "", ""]) + " " + text + " " + pick(["", "-", "", "+"]) + "%}"


def space():
    return pick(["", " ", "\n", "\n  ", "  \n", "x", "x\n", "\n\n", " y "])


loops = ["", "{{ loop.first }}{{loop.last}}{{loop.length}}", "{% if loop.index > 2 %}{% break %}{% endif %}",
         "{% if q is number %}{% continue %}{% endif %}", "{{ loop.cycle('o','e') }}", "{{ loop.previtem }}{{ loop.nextitem }}{{ loop.revindex0 }}"]


def body(depth=0):
    out = ""
    for _ in range(random.randint(1, 3)):
        r = random.random()
        out += space()
        if r < .45 or depth > 2:
            out += "{{" + pick(["", "-"]) + " " + expression(2) + " " + pick(["", "-"]) + "}}"
        elif r < .6:
            out += tag("if " + expression(3)) + body(depth + 1) + pick(["", tag("else") + body(depth + 1)]) + tag("endif")
        elif r < .75:
            out += (tag("for q in " + pick(["l", "ls", "s", "d", "range(4)", expression(3)]) + pick(["", " if q", " if q is string"]))
                    + "{{ q }}{{ loop.index }}" + pick(loops) + body(depth + 1) + pick(["", tag("else") + space()]) + tag("endfor"))
        elif r < .82:
            out += tag("set v = " + expression(3)) + "{{ v }}"
        elif r < .86:
            out += tag("set w" + pick(["", "|upper", "|trim"])) + body(depth + 1) + tag("endset") + "[{{ w }}]"
        elif r < .9:
            out += tag("set ns = namespace(a=" + expression(3) + ", b=2)") + tag("set ns.c = " + expression(3)) + "{{ ns.a }}{{ ns.c }}{{ ns.zz }}"
        elif r < .94:
            out += tag("macro f(a, b=" + pick(literals) + ")") + "<{{ a }}{{ b }}>" + body(depth + 1) + tag("endmacro") + "{{ f(1, b=2) }}{{ f() }}"
        elif r < .97:
            out += "{#" + pick(["", "-"]) + " c " + pick(["", "-"]) + "#}"
        else:
            out += tag("with k = " + expression(3)) + "{{ k }}" + body(depth + 1) + tag("endwith")
    return out + space()


def late(*_):
    raise TimeoutError()


signal.signal(signal.SIGALRM, late)
print(json.dumps(variables))
for i in range(int(sys.argv[2])):
    source = "{{ " + expression(random.randint(1, 3)) + " }}" if i % 2 else body()
    row = {"template": source}
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        row["rendered"] = env.from_string(source).render(**copy.deepcopy(variables))
    except TimeoutError:
        continue
    except Exception as e:
        row["error"] = type(e).__name__ + ": " + str(e)[:200]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    print(json.dumps(row))
