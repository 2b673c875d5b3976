"""One line of the table: peers.py cogumi|gaoya|datasketch|rensa FOLDER NAME.

The peers find pairs as their documentation shows: signatures, then their own index with 18 bands of 7 rows
(cogumi's choice for recall 0.98). They do not verify; what they report is what counts. Equal texts are pairs."""
import json, os, resource, sys, time

which, folder, name = sys.argv[1:]
rows = [json.loads(line) for line in open(os.path.join(folder, "rows.jsonl"), encoding="utf-8")]
ids = [str(r.get("id", i)) for i, r in enumerate(rows)]
PERMUTATIONS, BANDS, ROWS = 128, 18, 7


def grams(text):
    text = text.lower().strip()
    return {text[i:i + 3] for i in range(max(1, len(text) - 2))} if text else set()


def datasketch_pairs():
    from datasketch import MinHash, MinHashLSH
    lsh = MinHashLSH(num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    found = set()
    for i, r in enumerate(rows):
        m = MinHash(num_perm=PERMUTATIONS)
        m.update_batch([g.encode() for g in grams(r["text"])])
        found.update((j, i) for j in lsh.query(m))
        lsh.insert(i, m)
    return found


def rensa_pairs():
    from rensa import RMinHash, RMinHashLSH
    # rensa wants permutations that its bands divide: 126 of 18 × 7
    lsh = RMinHashLSH(threshold=0.8, num_perm=BANDS * ROWS, num_bands=BANDS)
    found = set()
    for i, r in enumerate(rows):
        m = RMinHash(num_perm=BANDS * ROWS, seed=42)
        m.update(list(grams(r["text"])))
        found.update((j, i) for j in lsh.query(m) if j != i)
        lsh.insert(i, m)
    return found


def gaoya_pairs():
    from gaoya.minhash import MinHashStringIndex
    index = MinHashStringIndex(hash_size=32, jaccard_threshold=0.8, num_bands=BANDS, band_size=ROWS, analyzer="char",
                               lowercase=True, ngram_range=(3, 3), id_container="smallvec")
    texts = [r["text"].strip() for r in rows]
    index.par_bulk_insert_docs(list(range(len(texts))), texts)  # on all cores, as its documentation advises
    return {(j, i) for i, near in enumerate(index.par_bulk_query(texts)) for j in near if j < i}


def quality(found):
    truth_file = os.path.join(folder, "truth.tsv")
    if not os.path.exists(truth_file) or found is None:
        return "-", "-"
    at = {x: i for i, x in enumerate(ids)}
    truth = set()
    for line in open(truth_file):
        parts = line.split("\t")
        if len(parts) == 3 and parts[0] in at and parts[1] in at and float(parts[2]) >= 0.8:
            a, b = at[parts[0]], at[parts[1]]
            truth.add((min(a, b), max(a, b)))
    hits = len(found & truth)
    return "%.4f" % (hits / max(1, len(truth))), "%.4f" % (hits / max(1, len(found)))


if which == "cogumi":
    result = json.load(open(os.path.join(folder, "result.json")))
    rate, peak = result["docs_per_second"], result["peak_memory_bytes"] / 2**20
    found = set()
    for line in open(os.path.join(folder, "pairs.tsv")):
        a, b, _ = line.split("\t")
        found.add((min(int(a), int(b)), max(int(a), int(b))))
else:
    began = time.time()
    found = {"gaoya": gaoya_pairs, "datasketch": datasketch_pairs, "rensa": rensa_pairs}[which]()
    rate, peak = len(rows) / (time.time() - began), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("%-28s %10.0f %10.0f %8s %10s" % (name, rate, peak, *quality(found)))
