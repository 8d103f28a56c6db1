"""What is personal is cut out, whatever it is called and wherever it stands; the rest stays."""

from __future__ import annotations

import json

import pytest

from setten.platform.vault.classify import Splitter
from setten.platform.vault.patterns import holds_card_number, holds_person, is_random_id
from setten.platform.vault.urls import cut

ALLOWED = frozenset({"utm_source", "utm_content", "sku"})


def split(values, path="properties.", **rest):
    splitter = Splitter()
    return splitter.split(values, path, **rest), splitter.sealed


@pytest.mark.parametrize(
    "text",
    [
        "hana@example.jp", "ＨＡＮＡ＠ｅｘａｍｐｌｅ．ｊｐ", "write to hana@example.jp now",
        "hana%40example.jp", "090-1234-5678", "０９０−１２３４−５６７８", "09012345678",
        "+81 90 1234 5678", "(03) 1234-5678", "電話03-1234-5678まで", "415-555-2671",
        "819012345678", "4111 1111 1111 1111", "4111111111111111", "192.168.10.20",
        "2001:db8:0:0:1:0:0:1", "fe80::1", "〒150-0002", "東京都渋谷区渋谷2-1-1", "山田花子様",
        "12 Main Street", "221 Baker St", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
        "ff15bc0c20c4aa6cd50854ff165fd265c838e540", '{"email": 1}',
    ],
)  # fmt: skip
def test_this_is_personal_under_any_key(text):
    assert holds_person(text)
    kept, sealed = split({"anything": text, "list": [text]})
    assert text not in json.dumps(kept, ensure_ascii=False)
    assert text in sealed.values()


@pytest.mark.parametrize(
    "text",
    [
        "velvet sofa", "緑のソファ", "ja-JP", "analytics.js", "1.84.3", "2026-11-21T21:56:38.857Z",
        "2026-11-21", "S-000123", "10:30:00", "Mozilla/5.0", "80% off", "O-1", "12.5", "iPhone7,2",
        "Asia/Tokyo", "spring_2026", "渋谷店", "50314b8e9bcf000000000000", "1795298199.377",
        "4901234567894", "3 seater sofa", "0.123456789",
    ],
)  # fmt: skip
def test_this_is_not(text):
    assert not holds_person(text)


@pytest.mark.parametrize(
    "key",
    [
        "email", "E-Mail", "billing_email", "customerPhone", "phone_number", "firstName",
        "last_name", "氏名", "フリガナ", "first-name-kana", "address", "shipping_address1",
        "postalCode", "郵便番号", "birthday", "dateOfBirth", "生年月日", "line_id", "lineUserId",
        "whatsapp_id", "deviceToken", "push_token", "advertisingId", "idfa", "ip", "userAgent",
        "query", "search_term", "comment", "order_note", "gift_message", "備考", "memberId",
        "customer_name", "user_id", "loyaltyCard", "gclid", "latitude", "reviewBody",
    ],
)  # fmt: skip
def test_these_keys_are_personal_at_any_depth(key):
    if key == "order_note":
        key = "note"
    kept, sealed = split({"a": {"b": [{key: "MARK"}]}, key: {"x": "MARK"}})
    assert "MARK" not in json.dumps(kept)
    assert len(sealed) == 2


@pytest.mark.parametrize(
    "key",
    [
        "cvv", "CVC2", "cvv2", "card_cvv", "cardCvc", "security_code", "verification_value", "pan",
        "creditCardNumber", "password", "newpassword", "new_password", "track_data", "card_pin",
        "暗証番号",
    ],
)  # fmt: skip
def test_what_is_on_a_card_or_signs_somebody_in_is_not_even_sealed(key):
    deep: dict[str, object] = {key: "MARK", "a": 1}
    for _ in range(300):
        deep = {"a": deep}
    kept, sealed = split(
        {
            "payment": {key: "MARK", "method": "card"},
            "customer": {key: {"x": "MARK"}},
            "address": {key: "MARK", "lines": [{key: ["MARK"]}, "1-2-3"]},
            "a@example.jp": {key: "MARK"},
            "deep": deep,
        }
    )
    assert "MARK" not in json.dumps(kept)
    assert "MARK" not in json.dumps(sealed)
    assert kept["payment"] == {"method": "card"}
    assert sealed["properties.address"] == {"lines": [{}, "1-2-3"]}


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111 737", "4111 1111 1111 1111 12/27", "4111  1111  1111  1111",
        "4111.1111.1111.1111", "4111/1111/1111/1111", "4111\u200b1111\u200b1111\u200b1111",
        "card4111111111111111", "3782 822463 10005 9/27", "４１１１　１１１１　１１１１　１１１１",
    ],
)  # fmt: skip
def test_a_card_is_known_however_people_write_it(text):
    assert holds_card_number(text)
    assert holds_person(text)


def test_a_card_number_without_quotes_is_sealed_and_a_long_count_is_not():
    kept, sealed = split({"a": 4111111111111111, "b": 4111111111111112, "c": [4111111111111111]})
    assert kept == {"b": 4111111111111112, "c": []}
    assert len(sealed) == 2


@pytest.mark.parametrize(
    "text", ["4901234567894 4901234567900", "03-1234-5678 090-1234-5678", "4500012345678"]
)
def test_barcodes_and_phones_are_no_cards(text):
    assert not holds_card_number(text)


def test_a_name_is_personal_below_a_person_and_not_of_goods():
    kept, sealed = split(
        {"name": "velvet sofa", "customer": {"name": "花", "plan": "gold"}, "os": {"name": "iOS"}}
    )
    assert kept == {"name": "velvet sofa", "customer": {"plan": "gold"}, "os": {"name": "iOS"}}
    assert sealed == {"properties.customer.name": "花"}


def test_a_name_beside_a_mail_address_is_somebodys():
    assert split({"name": "velvet sofa", "sku": "S1"})[0]["name"] == "velvet sofa"
    assert split({"name": "花", "phone": "x", "form": "a"})[0] == {"form": "a"}


def test_a_phone_number_is_cut_from_a_title_and_a_gtin_stays_a_code():
    kept, sealed = split({"category": "090-1234-5678", "sku": "09012345678", "gtin": "0" * 14})
    assert kept == {"sku": "09012345678", "gtin": "0" * 14}
    assert sealed == {"properties.category": "090-1234-5678"}


def test_a_device_is_somebodys():
    kept, sealed = split({"device": {"id": "X", "name": "Hana's phone", "model": "iPhone7,2"}}, "")
    assert kept == {"device": {"model": "iPhone7,2"}}
    assert sealed == {"device.id": "X", "device.name": "Hana's phone"}


def test_a_referrer_that_is_an_object_is_somebodys_too():
    kept, sealed = split({"referrer": {"id": "X", "type": "dataxu", "url": "https://a.example/"}})
    assert kept == {"referrer": {"type": "dataxu", "url": "https://a.example/"}}
    assert sealed == {"properties.referrer.id": "X"}


def test_an_unknown_string_over_64_characters_is_sealed_and_a_title_is_not():
    kept, sealed = split({"x": "a " * 33, "title": "a " * 33, "y": "a " * 32})
    assert set(kept) == {"title", "y"}
    assert set(sealed) == {"properties.x"}


def test_a_key_that_names_a_person_is_sealed_with_its_value():
    kept, sealed = split({"hana@example.jp": True, "ok": {"090-1234-5678": 3}})
    assert kept == {"ok": {}}
    assert {"hana@example.jp": True} in sealed.values()
    assert not any("hana" in path or "090" in path for path in sealed)


def test_deep_and_wide_values_are_sealed_whole():
    deep = {"a": 1}
    for _ in range(20):
        deep = {"n": deep}
    kept, sealed = split({"deep": deep, "wide": [[1] * 1_000, [1] * 1_500]})
    assert len(json.dumps(kept)) < 8_000
    assert len(sealed) == 2


def test_phone_numbers_as_numbers_are_sealed_and_times_are_not():
    kept, sealed = split({"a": 819012345678, "b": 9012345678, "at": 1795298199377, "n": 12})
    assert kept == {"at": 1795298199377, "n": 12}
    assert len(sealed) == 2


def test_booleans_stay():
    assert split({"mobile": False, "email": True})[0] == {"mobile": False, "email": True}


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ("https://s.example/p?utm_source=line", "https://s.example/p?utm_source=line"),
        ("https://s.example/p?utm_source=line&gclid=X", "https://s.example/p?utm_source=line"),
        ("https://s.example/p?mail=a%40b.jp#token=9", "https://s.example/p"),
        ("https://hana:pw@s.example/p", "https://s.example/p"),
        ("https://s.example/u/hana%40example.jp/x", "https://s.example/u/•/x"),
        ("https://s.example/tel/090-1234-5678", "https://s.example/tel/•"),
        ("https://s.example/p?utm_content=hana%40example.jp&sku=S1", "https://s.example/p?sku=S1"),
        ("/p?q=hana", "/p"),
    ],
)
def test_an_address_keeps_what_names_the_page_and_the_campaign(whole, kept):
    assert cut(whole, ALLOWED) == kept
    assert cut(whole, ALLOWED) == kept  # what is remembered answers the same


def test_what_was_cut_from_an_address_is_sealed():
    url = "https://s.example/p?utm_source=line&q=hana"
    kept, sealed = split({"page": {"url": url, "search": "?q=hana&sku=S1"}, "x": url})
    assert kept["page"]["search"] == "?sku=S1"
    assert "hana" not in json.dumps(kept)
    assert list(sealed.values()).count(url) == 2


@pytest.mark.parametrize(
    "text",
    [
        "df1c7891-b5a3-47c0-b978-9f37d76eb320",
        "ajs-next-1795298408841-a3af9bb8-c537-4782-adfa-9daffa8ca78f",
        "node-next-1795298294314-552cfd49-0abd-4ae4-ad0f-655af8190832",
    ],
)
def test_message_ids_of_the_known_clients_are_random_ids(text):
    assert is_random_id(text)
