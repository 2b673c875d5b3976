package language

import (
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/curate/language/deep"
)

// sentences are our own; each is in the language it stands behind.
var sentences = map[string]string{
	"en": "The little boat was tied to the pier when the storm came up, and nobody dared to go out again.",
	"de": "Als der Sturm aufzog, lag das kleine Boot am Steg, und niemand wagte sich noch einmal hinaus.",
	"fr": "Quand la tempête s’est levée, le petit bateau était attaché au ponton et personne n’osait repartir.",
	"es": "Cuando llegó la tormenta, el barquito estaba atado al muelle y nadie se atrevía a salir de nuevo.",
	"it": "Quando arrivò la tempesta, la barchetta era legata al molo e nessuno osava uscire di nuovo.",
	"pt": "Quando a tempestade chegou, o barquinho estava amarrado ao cais e ninguém se atrevia a sair outra vez.",
	"nl": "Toen de storm opstak lag het bootje aan de steiger en niemand durfde nog naar buiten te gaan.",
	"pl": "Kiedy nadeszła burza, mała łódka stała przy pomoście i nikt nie odważył się znowu wypłynąć.",
	"tr": "Fırtına çıktığında küçük tekne iskeleye bağlıydı ve kimse tekrar denize açılmaya cesaret edemedi.",
	"ru": "Когда начался шторм, маленькая лодка стояла у причала, и никто не решался снова выйти в море.",
	"uk": "Коли почалася буря, маленький човен стояв біля причалу, і ніхто не наважувався знову вийти в море.",
	"ar": "عندما هبت العاصفة كان القارب الصغير مربوطا بالرصيف ولم يجرؤ أحد على الخروج مرة أخرى.",
	"fa": "وقتی طوفان آمد قایق کوچک به اسکله بسته شده بود و هیچ کس جرأت نمی\u200cکرد دوباره بیرون برود.",
	"he": "כשהגיעה הסערה הסירה הקטנה הייתה קשורה למזח ואיש לא העז לצאת שוב.",
	"el": "Όταν ήρθε η καταιγίδα, η μικρή βάρκα ήταν δεμένη στην προβλήτα και κανείς δεν τολμούσε να βγει ξανά.",
	"zh": "暴风雨来的时候，小船系在码头上，没有人敢再出去。",
	"ja": "嵐が来たとき、小さな舟は桟橋につながれていて、誰ももう一度出ようとはしなかった。",
	"ko": "폭풍이 왔을 때 작은 배는 부두에 묶여 있었고 아무도 다시 나가려 하지 않았다.",
	"th": "เมื่อพายุมาถึง เรือลำเล็กถูกผูกไว้ที่ท่าเรือและไม่มีใครกล้าออกไปอีก",
	"vi": "Khi cơn bão đến, chiếc thuyền nhỏ đã được buộc vào bến và không ai dám ra khơi lần nữa.",
}

func TestDetect(t *testing.T) {
	for code, text := range sentences {
		if g := Detect(text); g.Code != code {
			t.Errorf("%s: %+v", code, g)
		}
		if g := Detect(strings.ToUpper(text) + " 123 https://x.y/z"); g.Code != code && code != "tr" { // ı and İ
			t.Errorf("%s in capitals: %+v", code, g)
		}
	}
	for _, text := range []string{"", "12345 + 7", "x", "?!…", "\xff\xfe", "a b c d e f"} {
		if g := Detect(text); g.Sure {
			t.Errorf("%q: %+v", text, g)
		}
	}
}

// TestDecide: what the table cannot tell lingua-go decides, among the near ones.
func TestDecide(t *testing.T) {
	text := "Svi ljudi se rađaju slobodni"
	g := Detect(text)
	if g.Sure || !slices.Contains(g.Near, "hr") || !slices.Contains(g.Near, "bs") {
		t.Fatalf("%+v", g)
	}
	if d := Decide(text); !slices.Contains(g.Near, d.Code) {
		t.Errorf("%+v of %v", d, g.Near)
	}
	if deep.Available && deep.Decide("The house is on fire", []string{"en", "de"}) != "en" {
		t.Error("lingua-go takes English for German")
	}
	if got := deep.Decide("text", []string{"en"}); got != "" {
		t.Errorf("one language to choose from: %q", got)
	}
}

func TestCodes(t *testing.T) {
	list := Codes()
	if len(list) != 75 || !slices.IsSorted(list) {
		t.Errorf("%d languages: %v", len(list), list)
	}
	for code := range sentences {
		if !slices.Contains(list, code) {
			t.Errorf("%s is missing", code)
		}
	}
}

func FuzzDetect(f *testing.F) {
	for _, s := range sentences {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if g := Detect(s); g.Code != "" && !slices.Contains(Codes(), g.Code) || g.Margin < 0 {
			t.Fatalf("%+v", g)
		}
	})
}

func BenchmarkDetect(b *testing.B) {
	text := strings.Repeat(sentences["en"]+" ", 10)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Detect(text)
	}
}
