# Runs answers and evaluates what is expected of them. Standard input holds 48 bytes
# with three numbers: two lengths and the seconds a forked job may take, or 0; then the
# jobs as a Python literal, a list of pairs [code, checks]; then a token. What is found
# out goes to descriptor 3 as lines
#
#     TOKEN JOB CHECK KIND TEXT
#
# with KIND pass, false, trick, error, raised or syntax; CHECK is 0 for the last two.
# With seconds, each job is run by a fork of its own, and KIND may also be late (no
# seconds left) or died (TEXT is the wait status). Jobs without a line were not run.
#
# The answers' code is only run while no Python object holds the token: it cannot
# say "pass" by printing, by ending the program, or by looking around.
#
# Nothing is imported but what is built in: that halves the time of a start.
import posix
import sys


def main(posix=posix, sys=sys, eval=eval, exec=exec, compile=compile, type=type, str=str, len=len, isinstance=isinstance, iter=iter,
         list=list, tuple=tuple, dict=dict, set=set, frozenset=frozenset, bool=bool, enumerate=enumerate, int=int, bytes=bytes, map=map,
         BaseException=BaseException, Exception=Exception, SyntaxError=SyntaxError, ValueError=ValueError):
    read, write, leave, module = posix.read, posix.write, posix._exit, type(sys)
    modules = sys.modules

    def take(fd, count):
        data = b""
        while len(data) < count:
            part = read(fd, count - len(data))
            if not part:
                leave(3)
            data += part
        return data

    head = take(0, 48).split()
    jobs = eval(take(0, int(head[0])))
    secret, out = posix.dup(0), posix.dup(3)
    null = posix.open("/dev/null", posix.O_RDWR)
    posix.dup2(null, 0)
    posix.dup2(null, 3)
    posix.close(null)
    ast = __import__("_ast")
    wrap, compare, equal = ast.Expression, ast.Compare, ast.Eq

    class Nothing:
        pass

    def words(error):
        try:
            text = str(error)
        except BaseException:
            text = ""
        return type(error).__name__ + (": " + text if text else "")

    def equals_all(value, depth=3):
        """Whether value, or something in it, says that it is equal to anything."""
        kind = type(value)
        if kind in (int, str, bool, bytes, float, type(None), complex):
            return False
        if kind in (list, tuple, set, frozenset) and depth:
            return any_of(value, depth)
        if kind is dict and depth:
            return any_of(list(value.values()), depth)
        try:
            return bool(value == Nothing())
        except BaseException:
            return False

    def any_of(values, depth):
        for i, value in enumerate(values):
            if i > 1000:
                return False
            if equals_all(value, depth - 1):
                return True
        return False

    def check(text, space):
        try:
            tree = compile(text.strip(), "<check>", "eval", 0x400, True)
        except SyntaxError:
            exec(compile(text, "<check>", "exec", 0, True), space)
            return "pass"
        body = tree.body
        if isinstance(body, compare) and len(body.ops) == 1 and isinstance(body.ops[0], equal):
            left = eval(compile(wrap(body.left), "<check>", "eval", 0, True), space)
            right = eval(compile(wrap(body.comparators[0]), "<check>", "eval", 0, True), space)
            if not left == right:
                return "false"
            return "trick" if equals_all(left) else "pass"
        return "pass" if eval(compile(tree, "<check>", "eval", 0, True), space) else "false"

    def run(code, checks):
        """What is to be said of one job: lists of check, kind and text."""
        answer = module("answer")
        modules["answer"] = answer
        space = answer.__dict__
        try:
            program = compile(code, "answer.py", "exec", 0, True)
        except BaseException as error:
            return [(0, "syntax", words(error))]
        try:
            exec(program, space)
        except BaseException as error:
            return [(0, "raised", words(error))]
        found = []
        for index, text in enumerate(checks):
            try:
                found.append((index, check(text, space), ""))
            except BaseException as error:
                found.append((index, "error", words(error)))
        return found

    def lines(found):
        return [b"%d %s %s" % (index, kind.encode(), text[:300].encode("unicode_escape")) for index, kind, text in found]

    def put(fd, data):
        while data:
            data = data[write(fd, data):]

    class Late(BaseException):
        pass

    def late(signal, frame):
        raise Late

    def forked(seconds, code, checks):
        """run in a process of its own that can start no other."""
        inward, outward = posix.pipe()
        pid = posix.fork()
        if pid == 0:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            for fd in (inward, secret, out):
                posix.close(fd)
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
            found = lines(run(code, checks))
            sys.settrace(None)
            put(outward, b"\n".join(found))
            leave(0)
        posix.close(outward)
        data, more = b"", True
        try:
            began = now()
            signal.setitimer(signal.ITIMER_REAL, seconds)
            while more:
                more = read(inward, 1 << 16)
                data += more
            status = posix.waitpid(pid, 0)[1]
            signal.setitimer(signal.ITIMER_REAL, 0)
        except Late:
            posix.kill(pid, 9)
            posix.waitpid(pid, 0)
            return [b"0 late " if now() - began >= seconds else b"0 died -1"]
        finally:
            posix.close(inward)
        if status != 0:
            return [b"0 died %d" % status]
        return data.split(b"\n")

    seconds, found = int(head[2]), []
    if seconds:
        signal, resource, now = __import__("_signal"), __import__("resource"), __import__("time").monotonic
        signal.signal(signal.SIGALRM, late)
    clean = posix.listdir(".")
    for number, (code, checks) in enumerate(jobs):
        if seconds:
            result = forked(seconds, code, checks)
        else:
            result = lines(run(code, checks))
        for text in result:
            found.append((number, text))
        if seconds and posix.listdir(".") != clean:
            break  # what this job left could change what the next ones do

    sys.settrace(None)
    token = take(secret, int(head[1]))
    put(out, b"".join([b"%s %d %s\n" % (token, number, text) for number, text in found]))
    leave(0)


main()
