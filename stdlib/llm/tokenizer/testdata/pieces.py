import sentencepiece as spm, json, glob, random, os, base64
os.chdir('.')
text=[]
for p in glob.glob('docs/*.md')+glob.glob('README.md')+glob.glob('stdlib/dedup/*.go'):
    text+=open(p).read().split('\n')
text+=["Als der Sturm aufzog, lag das kleine Boot am Steg.","Quand la tempête s’est levée, le petit bateau était attaché.","Fırtına çıktığında küçük tekne."]*20
open('train.txt','w').write('\n'.join(text))
spm.SentencePieceTrainer.train(input='train.txt',model_prefix='small',vocab_size=800,model_type='bpe',byte_fallback=True,character_coverage=0.999,
  normalization_rule_name='identity',remove_extra_whitespaces=False,split_digits=True,add_dummy_prefix=True,allow_whitespace_only_pieces=True,
  user_defined_symbols=['[INST]'],control_symbols=[],unk_id=0,bos_id=1,eos_id=2,pad_id=-1,num_threads=1)
sp=spm.SentencePieceProcessor(model_file='small.model')
n=sp.vocab_size()
pieces=[sp.id_to_piece(i) for i in range(n)]; scores=[sp.get_score(i) for i in range(n)]
types=[]
for i in range(n):
    types.append(2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 5 if sp.is_unused(i) else 4 if pieces[i]=='[INST]' else 1)
vocab={p:i for i,p in enumerate(pieces)}
# merges as transformers' converter makes them
merges=[]
for piece,score in zip(pieces,scores):
    local=[]
    for k in range(1,len(piece)):
        l,r=piece[:k],piece[k:]
        if l in vocab and r in vocab and types[vocab[piece]]==1 and types[vocab[l]]==1 and types[vocab[r]]==1: local.append((l,r,score))
    local.sort(key=lambda x:(vocab[x[0]],vocab[x[1]]))
    merges+=local
merges.sort(key=lambda v:-v[2])
merges=[f"{a} {b}" for a,b,_ in merges]
added=[{"id":i,"content":pieces[i],"single_word":False,"lstrip":False,"rstrip":False,"normalized":False,"special":True} for i in range(3)]
added.append({"id":vocab['[INST]'],"content":"[INST]","single_word":False,"lstrip":False,"rstrip":False,"normalized":False,"special":False})
post={"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]}}}
base={"version":"1.0","truncation":None,"padding":None,"added_tokens":added,"post_processor":post,
 "model":{"type":"BPE","dropout":None,"unk_token":"<unk>","continuing_subword_prefix":None,"end_of_word_suffix":None,"fuse_unk":True,"byte_fallback":True,"ignore_merges":False,"vocab":vocab,"merges":merges},
 "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}}
each=dict(base,normalizer={"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]},pre_tokenizer=None)
first=dict(base,normalizer=None,pre_tokenizer={"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":False})
def order(d): return {k:d[k] for k in ["version","truncation","padding","added_tokens","normalizer","pre_tokenizer","post_processor","decoder","model"]}
json.dump(order(each),open('each.json','w'),ensure_ascii=False); json.dump(order(first),open('first.json','w'),ensure_ascii=False)
from tokenizers import Tokenizer
T={"each":Tokenizer.from_file('each.json'),"first":Tokenizer.from_file('first.json')}
R=random.Random(5)
words=[w for t in text for w in t.split()]
strings=["","a"," a","  two  spaces ","\n\nlines\n","tab\tx","Hello, world!","naïve café","東京都","emoji 😀👩‍👩‍👧 done","▁ real underline ▁▁","<0x41> spelled","12345 6.7e-8","a\u0301","\u00a0nbsp","\U0001d54f","[INST] Hi [INST]there","<s>begin</s> end <unk>"," ","   ","ÀÉ","한국어","x"*60,"the "*30,"\ud7ff\ufffd","don't won’t"]
strings+=[" ".join(R.choice(words) for _ in range(R.randint(1,12))) for _ in range(80)]
strings+=["".join(R.choice("ab é😀\n ▁東12<>[]INST/s") for _ in range(R.randint(1,25))) for _ in range(80)]
out=open('vectors.jsonl','w')
bad=0
for s in strings:
    row={"text":s}
    for k,t in T.items():
        ids=t.encode(s,add_special_tokens=True).ids
        row[k]=ids; row[k+"_decoded"]=t.decode(ids,skip_special_tokens=True); row[k+"_all"]=t.decode(ids,skip_special_tokens=False)
    if not any(x in s for x in ["<s>","</s>","<unk>","[INST]"]):
        ref=sp.encode(s); 
        if [1]+ref!=row["each"]: bad+=1; print("spm differs",repr(s)[:60],ref[:12],row["each"][:12])
    out.write(json.dumps(row,ensure_ascii=False)+"\n")
# ids that are no text: runs of bytes
rows=[]
bytes_=[vocab[f"<0x{b:02X}>"] for b in range(256)]
for k in range(60):
    ids=[R.choice(bytes_) if R.random()<.6 else R.randrange(3,n) for _ in range(R.randint(1,12))]
    if R.random()<.3: ids=[bytes_[b] for b in "é😀東x".encode()[R.randint(0,3):]]+ids
    out.write(json.dumps({"ids":ids,"each_decoded":T["each"].decode(ids,skip_special_tokens=True)},ensure_ascii=False)+"\n")
json.dump({"pieces":pieces,"scores":scores,"types":types},open('vocab.json','w'),ensure_ascii=False)
print(n,len(merges),bad)
# added tokens that are searched in the normalised text, as Llama 2's first file had them
norm=json.loads(json.dumps(order(each)))
for a in norm["added_tokens"]: a["normalized"]=True
json.dump(norm,open('normalized.json','w'),ensure_ascii=False)
N=Tokenizer.from_file('normalized.json')
json.dump([{"text":s,"ids":N.encode(s,add_special_tokens=False).ids} for s in strings if any(x in s for x in ["<s>","</s>","<unk>","[INST]"])]+[{"text":s,"ids":N.encode(s,add_special_tokens=False).ids} for s in ["<s>begin</s>","a <s> b","[INST]x","x [INST] <s>","<s><s>"," <s>"]],open('normalized_vectors.json','w'),ensure_ascii=False)
