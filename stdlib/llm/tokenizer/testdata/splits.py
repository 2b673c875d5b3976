"""Records how Hugging Face's tokenizers library cuts text by the pattern of
Mistral's tekken vocabularies: python splits.py PATTERN > tekken.json"""

import json
import random
import sys

from tokenizers import Regex, pre_tokenizers

split = pre_tokenizers.Split(Regex(sys.argv[1]), "isolated", False)
random.seed(7)

fixed = [
    "Hello, World! HELLOworld helloWORLD iPhone McDonald's DON'T can't",
    "ÀÉÎ àéî Àéî éÀî ǅabc ABCǅ ʰABC AʰB ªº aªB",
    "e\u0301 E\u0301 \u0301e \u0301E \u0301 \u0301\u0301a .\u0301A -\u0301",
    "日本語テスト 漢字ABC漢字abc かなKANA ABC漢 漢ABC",
    "123 1a2B ½² Ⅳx ①② 3.14",
    "a/b // c/\n/d ../\r\n x!/ ?/\n\n/",
    "  a  \n b \t\n\n  c   \r\n   ",
    "한국어 HELLO한국 \u1112\u1161\u11ab",
    "İstanbul ıI ſS ﬁF ẞß",
    "😀A 😀a 😀😀 a😀A _A _a __A A_B a_b",
    "\u200dA\u200db \u00a0A\u00a0a \u3000漢 \ufeffA",
    "ΑΒΓαβγ ΣΑΣ σας АБВгд ҐҐґ",
    "मराठी हिन्दी ABहि हिAB ไทย ทA Aท",
]
alphabets = [
    "abcABC \u0301ʰªǅ漢",
    "aB1 .\n/_'\u0301\u0903",
    "xY \r\n\t/!?-",
    "éÉß½²日한😀\u200d ",
]
texts = list(fixed)
for i in range(400):
    letters = alphabets[i % len(alphabets)]
    texts.append("".join(random.choice(letters) for _ in range(random.randint(1, 14))))
for _ in range(100):
    texts.append("".join(chr(c) for c in (random.choice((random.randrange(0x20, 0x250), random.randrange(0x250, 0xD7FF), random.randrange(0x1F300, 0x1F700))) for _ in range(8))))
print("[")
rows = [json.dumps([t, [len(p.encode()) for p, _ in split.pre_tokenize_str(t)]]) for t in dict.fromkeys(texts)]
print(",\n".join(rows))
print("]")
