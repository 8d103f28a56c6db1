"""Segments on the console: composed in words or by form, counted while written, seen inside."""

from __future__ import annotations

import html
import re
import time
import uuid
from collections.abc import Callable

import httpx
import pytest

from setten.console.segments import phrases
from setten.customers.segments import LANGUAGE
from tests.console.house import House

BOUGHT = "直近1年に購入がある"


def eventually(claim: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.3)


def made(house: House, words: str = BOUGHT) -> tuple[str, str]:
    """A segment kept from the sheet; answers its address and name."""
    name = f"試し {uuid.uuid4().hex[:8]}"
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        answer = admin.post("/customers/segments", name=name, words=words)
    assert answer.status_code == 303, answer.text[-2000:]
    return answer.headers["location"], name


def words_in(answer: httpx.Response) -> str:
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", answer.text, re.S)
    assert found
    return html.unescape(found[1])


def test_a_segment_is_kept_in_words_and_fills_itself(house: House) -> None:
    path, name = made(house)
    with house.person("page-agent") as agent:
        eventually(lambda: "segment-line" in agent.get(path).text)  # filled
        text = agent.get(path).text
        assert BOUGHT in text
        assert name in agent.get("/customers/segments").text
    with house.person("page-english") as ann:
        assert "purchase happened in the last 1 year" in ann.get(path).text


def test_no_figure_is_told_of_a_segment_that_is_still_being_counted(house: House) -> None:
    house.customer("佐伯")
    path, name = made(house)
    early = ("いまは誰もいません", "この30日、出入りはありません", "いちばん多いとき 0", ">0<")
    with house.person("page-agent") as agent:

        def is_counted() -> bool:
            text = agent.get(path).text
            assert not [said for said in early if said in text]
            assert ("数えています" in text) != ("segment-line" in text)
            row = agent.get("/customers/segments").text.split(name)[1].split("</tr>")[0]
            assert 'class="num">0' not in row
            return "segment-line" in text

        eventually(is_counted)


def test_the_count_follows_the_words(house: House) -> None:
    house.customer("佐伯")
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        ask = "/customers/segments/preview"

        def counted() -> int:
            found = re.search(r'figure is-l">([\d,]+)<', admin.post(ask, words=BOUGHT).text)
            return int(found[1]) if found else -1

        eventually(lambda: counted() > 0, 200)  # the lake is written once a minute
        shown = admin.post(ask, words=BOUGHT).text
        assert "様" in shown
        assert "purchase happened in the last 1 year" in shown
        none = admin.post(ask, words="直近1年に購入が9000回以上ある").text
        assert 'figure is-l">0<' in none
        broken = admin.post(ask, words="直近1年に購入がどこかある")
        assert broken.status_code == 200
        assert "読み取れません" in broken.text
        assert admin.post(ask, words="").status_code == 200
        assert "ありません" in admin.post(ask, words="セグメント「居ない」に入っている").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"shape": "did", "event": "purchase", "n": "30", "unit": "day"}, "直近30日に購入がある"),
        ({"shape": "not", "event": "page.viewed", "n": "1", "unit": "week"},
         "直近1週間にページ閲覧がない"),
        ({"shape": "times", "event": "purchase", "count": "3"}, "購入が3回以上ある"),
        ({"shape": "sum", "event": "purchase", "amount": "50,000", "n": "1", "unit": "year"},
         "直近1年に購入の金額の合計が50000以上である"),
        ({"shape": "last", "event": "purchase", "n": "10", "unit": "day"},
         "最後の購入が10日以上前にあった"),
        ({"shape": "stage", "stage": "recovery"}, "段階が「回復」である"),
        ({"shape": "field", "trait": "newsletter", "value": "weekly"},
         "特徴「newsletter」が「weekly」である"),
        ({"shape": "consent", "channel": "line", "state": "refused"}, "販促のLINEを断っている"),
        ({"shape": "reachable", "channel": "email"}, "販促のメールが届く"),
        ({"shape": "lives_near", "km": "5", "place": "kichijoji"},
         "店「吉祥寺店」から5km以内に住んでいる"),
        ({"shape": "lives_near", "km": "5"}, "どこかの店から5km以内に住んでいる"),
        ({"shape": "cart_near", "km": "10"}, "カートの品が自宅から10km以内にある"),
        ({"shape": "listed", "list": "招待"}, "名簿「招待」に載っている"),
        ({"shape": "related", "relation": "household"}, "同じ世帯の人がいる"),
        ({"shape": "related", "relation": "referred_by", "within": "常連"},
         "（セグメント「常連」に入っている）という紹介してくれた人がいる"),
        ({"shape": "did", "event": "purchase", "place": "kichijoji"},
         "購入（店が「吉祥寺店」である）がある"),
        ({"shape": "did", "event": "purchase", "period": "last_month", "n": "3", "unit": "day"},
         "先月購入がある"),
        ({"shape": "times", "event": "purchase", "period": "this_year", "count": "2"},
         "今年購入が2回以上ある"),
        ({"shape": "last", "event": "purchase", "period": "today", "n": "2", "unit": "week"},
         "最後の購入が2週間以上前にあった"),
    ],
)  # fmt: skip
def test_a_form_writes_the_words(house: House, form: dict[str, str], said: str) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        first = admin.post("/customers/segments/words", words="", **form)
        assert words_in(first) == said
        joined = admin.post("/customers/segments/words", words=BOUGHT, join="any", **form)
    assert words_in(joined) == f"{BOUGHT}、または{said}"


@pytest.mark.parametrize(
    "form",
    [
        {"shape": "burn"},
        {"shape": "did", "event": "no.such"},
        {"shape": "times", "event": "purchase", "count": "0"},
        {"shape": "times", "event": "purchase", "count": "²"},
        {"shape": "did", "event": "purchase", "n": "9" * 30, "unit": "day"},
        {"shape": "did", "event": "purchase", "n": "3", "unit": "fortnight"},
        {"shape": "last", "event": "purchase"},
        {"shape": "field", "trait": "", "value": "x"},
        {"shape": "stage", "stage": "burnt"},
        {"shape": "group", "segment": "x" * 300},
        {"shape": "consent", "channel": "pigeon", "state": "granted"},
        {"shape": "consent", "channel": "email", "state": "maybe"},
        {"shape": "lives_near", "km": "201"},
        {"shape": "cart_near"},
        {"shape": "listed", "list": ""},
        {"shape": "related", "relation": "enemy"},
    ],
)
def test_an_unfinished_form_says_what_is_missing_and_keeps_the_words(
    house: House, form: dict[str, str]
) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        answer = admin.post("/customers/segments/words", words=BOUGHT, **form)
    assert answer.status_code == 200
    assert words_in(answer) == BOUGHT
    assert 'class="wrong"' in answer.text


def test_what_cannot_be_kept_stays_on_the_sheet_with_its_reason(house: House) -> None:
    _, name = made(house)
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        for fields in (
            {"name": name, "words": BOUGHT},
            {"name": "", "words": BOUGHT},
            {"name": "別の名", "words": "よくわからない"},
            {"name": "別の名", "words": ""},
        ):
            answer = admin.post("/customers/segments", **fields)
            assert answer.status_code == 422, fields
            assert words_in(answer) == fields["words"]


def test_a_condition_is_changed_and_a_segment_in_use_is_not_ended(house: House) -> None:
    path, name = made(house)
    user_path, user_name = made(house, f"セグメント「{name}」に入っている")
    with house.person("page-admin") as admin:
        assert words_in(admin.get(f"{path}/edit")) == BOUGHT
        number = path.rsplit("/", 1)[1]
        changed = admin.post("/customers/segments", segment_id=number, words="直近2年に購入がある")
        assert changed.status_code == 303
        assert "直近2年に購入がある" in admin.get(path).text
        assert BOUGHT in admin.get(path).text, "what it was before is still told"
        assert user_name in admin.get(path).text
        refused = admin.post(f"{path}/retire")
        assert refused.status_code == 409
        assert user_name in refused.text
        assert admin.post(f"{user_path}/retire").status_code == 303
        assert admin.get(user_path).status_code == 404


def test_two_segments_are_compared(house: House) -> None:
    one, name = made(house)
    other, _ = made(house, "商品閲覧がある")
    with house.person("page-agent") as agent:
        a, b = one.rsplit("/", 1)[1], other.rsplit("/", 1)[1]
        side_by_side = f"/customers/segments/compare?a={a}&b={b}"
        assert agent.get(side_by_side).status_code == 200
        # Nothing is compared before both are filled.
        eventually(lambda: f"{name}だけ" in agent.get(side_by_side).text)
        assert agent.get(f"/customers/segments/compare?a={a}&b=999999").status_code == 404
        house.run_in_database(
            f"update customers.segments set filled_through = null, filled_at = null "
            f"where segment_id = {int(b)}"
        )
        early = agent.get(f"/customers/segments/compare?a={a}&b={b}").text
        assert ("数えています" in early) != (f"{name}だけ" in early)
        unchosen = agent.get("/customers/segments/compare")
        assert (unchosen.headers.get("location") or unchosen.url.path) == "/customers/segments"


def test_a_file_holds_ids_and_goes_on_record(house: House) -> None:
    path, _ = made(house)
    with house.person("page-marketer") as marketer:
        eventually(lambda: marketer.get(f"{path}/members.csv").text.count("\n") > 1)
        answer = marketer.get(f"{path}/members.csv")
        page = marketer.get(path).text
    assert "customer_id" in answer.text
    assert "佐伯" not in answer.text
    assert "佐伯" not in page
    assert "/events/" not in page or "開" not in page
    assert house.asked("select count(*) from audit.entries where action = 'segment.exported'") > 0


@pytest.mark.parametrize("login", ["page-agent", "page-associate", "page-engineer"])
def test_without_the_right_nothing_is_made(house: House, login: str) -> None:
    path, _ = made(house)
    with house.person(login) as person:
        assert person.get("/customers/segments/new").status_code == 403
        for asked in ("/customers/segments", "/customers/segments/words",
                      "/customers/segments/preview", f"{path}/retire"):  # fmt: skip
            assert person.post(asked, name="x", words=BOUGHT).status_code == 403
        assert person.get(f"{path}/members.csv").status_code == 403


def test_of_two_tabs_the_second_sees_what_the_first_has_said(house: House) -> None:
    path, _ = made(house)
    number = path.rsplit("/", 1)[1]
    with house.person("page-admin") as admin:
        sheet = admin.get(f"{path}/edit").text
        assert 'name="known" value="1"' in sheet
        first = admin.post("/customers/segments", segment_id=number, known="1",
                           words="直近2年に購入がある")  # fmt: skip
        assert first.status_code == 303
        second = admin.post("/customers/segments", segment_id=number, known="1",
                            words="直近3年に購入がある")  # fmt: skip
        assert second.status_code == 422
        assert words_in(second) == "直近3年に購入がある", "nothing typed is lost"
        assert "直近2年に購入がある" in second.text, "and what stands is said"
        assert "直近3年に購入がある" not in admin.get(path).text
        again = admin.post("/customers/segments", segment_id=number, known="2",
                           words="直近3年に購入がある")  # fmt: skip
        assert again.status_code == 303


@pytest.mark.parametrize("name", phrases.PHRASES)
def test_every_phrase_is_put_into_the_words_in_both_languages(house: House, name: str) -> None:
    for login, locale in (("page-admin", "ja"), ("page-english", "en")):
        words = next(one.words for one in phrases.written(locale) if one.name == name)
        with house.person(login) as person:
            sheet = html.unescape(person.get("/customers/segments/new").text)
            assert words in sheet
            alone = person.post("/customers/segments/words", words="", phrase=name)
            assert words_in(alone) == words
            joined = person.post("/customers/segments/words", words=words, phrase=name)
        assert LANGUAGE.read_words(words_in(joined), locale)


def test_a_shops_own_staff_see_sizes_and_no_list_of_everybody(house: House) -> None:
    path, _ = made(house)
    with house.person("page-agent") as agent:
        eventually(lambda: "segment-line" in agent.get(path).text)  # filled
        assert agent.get("/customers/stages/trial").status_code == 200
    with house.person("page-associate") as associate:
        page = associate.get(path)
        assert page.status_code == 200
        assert "様" not in page.text
        assert 'href="/customers/0' not in page.text
        assert associate.get("/customers/stages/trial").status_code == 403
        assert "/customers/stages/trial" not in associate.get("/customers/stages").text


def test_a_name_of_ten_thousand_characters_is_refused_and_the_words_stay(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        answer = admin.post("/customers/segments", name="長" * 10_000, words=BOUGHT)
        assert answer.status_code == 422
        assert words_in(answer) == BOUGHT
        much = admin.post("/customers/segments/preview", words="（" * 5_000)
        assert much.status_code == 200
        assert "notice" in much.text


def test_words_as_people_say_them_are_read_shown_back_and_kept(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        text = admin.post("/customers/segments/preview", words="３０日以内に２回以上買った人").text
        assert "こう読み取りました" in text
        assert 'data-say="直近30日に購入が2回以上ある"' in text
        same = admin.post("/customers/segments/preview", words="直近30日に購入が2回以上ある").text
        assert "こう読み取りました" not in same
    shop = house.open_shop()
    path, _ = made(house, f"{shop.name}から５km以内に住んでいて、まだ買っていない人")
    with house.person("page-admin") as admin:
        said = f"店「{shop.name}」から5km以内に住んでいる、かつ購入がない"
        assert said in admin.get(path).text
        # To be changed, it stands by the same name, and is the same segment when it is read again.
        assert said in html.unescape(admin.get(f"{path}/edit").text)
        again = admin.post("/customers/segments/preview", words=said).text
        assert "こう読み取りました" not in again
    with house.person("page-english") as ann:
        ann.get("/customers/segments/new")
        said = "bought at least twice in 30 days"
        text = ann.post("/customers/segments/preview", words=said).text
        assert "Read as" in text
        assert "purchase happened at least 2 times in the last 30 days" in text


def test_what_a_second_clause_leaves_out_is_taken_from_the_first(house: House) -> None:
    _, name = made(house)
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")

        def read_as(words: str) -> str:
            return html.unescape(admin.post("/customers/segments/preview", words=words).text)

        assert 'data-say="先月購入がある、かつ今月購入がない"' in read_as("先月買ったが今月はまだ")
        # A segment is known by its name, as whoever made it says it.
        said = f"セグメント「{name}」に入っている、かつ今月購入がない"
        assert said in read_as(f"{name}の人で今月まだ買っていない")
        alone = read_as("今月はまだ")
        assert "<mark>" in alone
    with house.person("page-english") as ann:
        ann.get("/customers/segments/new")
        words = "bought last month but not this month"
        text = ann.post("/customers/segments/preview", words=words).text
        assert "purchase happened last month and no purchase happened this month" in text


def test_who_asks_for_birthdays_is_told_that_they_are_sealed(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        text = admin.post(
            "/customers/segments/preview", words="先月買った、かつ今月が誕生日の人"
        ).text
        assert "生年月日" in text
        assert "<mark>" in text
    with house.person("page-english") as ann:
        ann.get("/customers/segments/new")
        text = ann.post("/customers/segments/preview", words="birthday within 30 days").text
        assert "birth dates" in text


def test_what_is_not_understood_is_marked_and_the_nearest_phrase_offered(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")
        words = "30日以内に買った、かつクーポンをもらった<b>"
        text = admin.post("/customers/segments/preview", words=words).text
        marked = re.search(r"<mark>(.*?)</mark>", text)
        assert marked
        assert html.unescape(marked[1]).endswith("クーポンをもらった<b>")
        assert 'data-say="30日以内に買った、かつクーポン利用がある"' in text
        assert "figure is-l" not in text
        nothing = admin.post("/customers/segments/preview", words="空を飛んだ").text
        assert "<mark>空を飛んだ</mark>" in nothing
        assert "data-say" not in nothing


def test_goods_are_taken_by_their_name_and_told(house: House) -> None:
    sku = house.new_item({})
    kept = f"購入（商品番号が「{sku}」のどれかである）がある"
    with house.person("page-admin") as admin:
        admin.get("/customers/segments/new")

        def shown(words: str) -> str:
            return html.unescape(admin.post("/customers/segments/preview", words=words).text)

        # Who counts is busy at times, and says so instead.
        eventually(lambda: kept in shown(f"試しの品 {sku}を買った"))
        told = f"「試しの品 {sku}」は 1 品と読みました: 試しの品 {sku}"
        eventually(lambda: told in shown(f"試しの品 {sku}を買った"))
        assert f"「居ない品{sku}」という名前" in shown(f"居ない品{sku}を買った")
        add = {"shape": "reachable", "channel": "line"}
        both = admin.post("/customers/segments/words", words=f"「{sku}」を買った", **add)
        assert words_in(both) == f"{kept}、かつ販促のLINEが届く"
        form = {"shape": "not", "event": "purchase", "goods": f"試しの品 {sku}"}
        by_form = admin.post("/customers/segments/words", words="", **form)
        assert words_in(by_form) == kept.replace("がある", "がない")
        for wrong in ({**form, "goods": f"居ない品{sku}"}, {**form, "event": "coupon.reported"}):
            refused = admin.post("/customers/segments/words", words=BOUGHT, **wrong)
            assert words_in(refused) == BOUGHT
            assert 'class="wrong"' in refused.text
        name = f"品 {sku}"
        made = admin.post("/customers/segments", name=name, words=f"「{sku}」を買った")
        assert made.status_code == 303
        assert kept in admin.get(made.headers["location"]).text
        again = admin.post("/customers/segments", name=f"{name}2", words=f"居ない品{sku}を買った")
        assert again.status_code == 422
    with house.person("page-english") as ann:
        ann.get("/customers/segments/new")
        ask, words = "/customers/segments/preview", f'bought "Trial {sku}s"'
        told = f"was read as 1 item: Trial {sku}"
        eventually(lambda: told in html.unescape(ann.post(ask, words=words).text))
