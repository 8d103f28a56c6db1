"""The camera reads barcodes and QR codes in a browser that has no reader of its own."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import CHROMIUM, FLAGS
from tests.console.house import House, Shop

WIDTH, HEIGHT = 640, 480
QUIET, WHITE, BLACK = 128, 235, 16
PARITY = ("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL",
          "LGGLGL")  # fmt: skip
LEFT = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011",
        "0110111", "0001011")  # fmt: skip
LINKED = "4569999777776"
# https://id.gs1.org/01/04569999777776, drawn once: a QR code is too long to be drawn by a test.
QR = (
    "#######.#####..#...#..#######",
    "#.....#.#.###.#..#....#.....#",
    "#.###.#...##.#.#....#.#.###.#",
    "#.###.#.#.#....#####..#.###.#",
    "#.###.#..##.####.####.#.###.#",
    "#.....#..###..#...###.#.....#",
    "#######.#.#.#.#.#.#.#.#######",
    "........####.#####..#........",
    "#.##.###..##.##..#.##.#..#.##",
    "##.#...#..##.......#..###...#",
    "#.##.##.#.##..#.###.#...#.##.",
    ".#.......#..####..##.#.#....#",
    "#.#.###...##...####.##...##..",
    "..###..#..#..#.#.######...###",
    "###..###....#.#..####.#.#.###",
    ".#..#..##.##.#..#.###..#...#.",
    "..#######.......#..##..###.#.",
    "..###..#.#####.####......###.",
    "#.#..##.####...##.#.#.#.#.#..",
    "..#.#..##..##..#####..#...#..",
    ".#..#.#####..#...#.########..",
    "........#..####..#..#...#####",
    "#######.#...##..##.##.#.##.#.",
    "#.....#.#.#....#..#.#...##..#",
    "#.###.#....##.#####.#####.#..",
    "#.###.#.##....##..#..#.###..#",
    "#.###.#.###.##.....#...#..#.#",
    "#.....#...##...#...##.####.#.",
    "#######.#.#..#.##..######..#.",
)


def ean13(gtin: str) -> str:
    """The bars of an EAN-13, as 95 signs of 0 and 1."""
    right = ["".join("10"[int(bit)] for bit in one) for one in LEFT]
    sides = {"L": LEFT, "G": [one[::-1] for one in right]}
    left = "".join(
        sides[side][int(digit)] for side, digit in zip(PARITY[int(gtin[0])], gtin[1:7], strict=True)
    )
    return "101" + left + "01010" + "".join(right[int(digit)] for digit in gtin[7:]) + "101"


def test_the_bars_are_those_of_the_standard() -> None:
    bars = ean13("4003994155486")
    assert len(bars) == 95
    assert (bars[:3], bars[45:50], bars[-3:]) == ("101", "01010", "101")
    assert bars[3:10] == "0001101"  # the first of the left half: 0, odd


def picture(rows: Sequence[str], scale: int) -> bytes:
    """A picture with these dark and light squares in its middle, brightness only."""
    high, wide = len(rows) * scale, len(rows[0]) * scale
    top, left = (HEIGHT - high) // 2, (WIDTH - wide) // 2
    lines = [bytes([WHITE]) * WIDTH] * HEIGHT
    for number, row in enumerate(rows):
        bars = b"".join(bytes([BLACK if one in "1#" else WHITE]) * scale for one in row)
        line = bytes([WHITE]) * left + bars + bytes([WHITE]) * (WIDTH - left - wide)
        lines[top + number * scale : top + (number + 1) * scale] = [line] * scale
    return b"".join(lines)


def film(path: Path, luma: bytes) -> Path:
    """A film of a few frames that a browser takes for its camera."""
    frame = b"FRAME\n" + luma + bytes([QUIET]) * (WIDTH * HEIGHT // 2)
    path.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip C420jpeg\n" % (WIDTH, HEIGHT) + frame * 4)
    return path


@pytest.fixture(scope="module")
def playwright() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        yield running


@pytest.fixture
def camera(house: House, playwright: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`camera(picture, login)`: a page of somebody whose camera looks at this picture."""
    browsers = []

    def look(luma: bytes, login: str) -> Any:
        seen = film(tmp_path / "seen.y4m", luma)
        flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                 f"--use-file-for-fake-video-capture={seen}"]  # fmt: skip
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        browsers.append(browser)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, has_touch=True, base_url=house.url,
            locale="ja-JP",
        )  # fmt: skip
        context.add_cookies(
            [{"name": name, "value": value, "url": house.url}
             for name, value in house.session(login).items()]
        )  # fmt: skip
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console",
            lambda said: page.faults.append(said.text) if said.type == "error" else None,
        )
        return page

    yield look
    for browser in browsers:
        browser.close()


def a_gtin() -> str:
    """A GTIN-13 of nobody, for goods of one test."""
    first = "4569997" + f"{uuid.uuid4().int % 100_000:05}"
    total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(first))
    return first + str(-total % 10)


def scan(page: Any) -> None:
    page.get_by_role("button", name="カメラで読む").click()


def test_a_barcode_finds_goods_from_the_middle_of_the_thumb_bar(
    house: House, shop: Shop, camera: Callable[..., Any]
) -> None:
    gtin = a_gtin()
    sku = house.new_item({shop.location_id: 2}, gtin=gtin)
    page = camera(picture([ean13(gtin)] * 40, 4), shop.login)
    page.goto("/find")
    assert not page.evaluate("'BarcodeDetector' in window")
    scan(page)
    page.get_by_role("option").filter(has_text=sku).wait_for()
    assert page.locator("dialog[open]").count() == 0
    assert page.faults == []


def test_a_barcode_leads_the_hand_to_its_row_of_a_count(
    house: House, shop: Shop, camera: Callable[..., Any]
) -> None:
    gtin = a_gtin()
    house.new_item({shop.location_id: 2})
    sku = house.new_item({shop.location_id: 2}, gtin=gtin)
    with house.person(shop.login) as associate:
        associate.get("/stock/counts")
        opened = associate.post("/stock/counts", at=shop.location_id, shelf="")
        assert opened.status_code == 303, opened.text[-800:]
    page = camera(picture([ean13(gtin)] * 40, 4), shop.login)
    page.goto(opened.headers["location"])
    scan(page)
    page.locator("input[name=qty]:focus").wait_for()
    label = page.locator("input[name=qty]:focus").get_attribute("aria-label")
    assert sku in str(label)
    assert page.faults == []


def test_a_qr_code_of_goods_ticks_them_in_the_queue(
    house: House, shop: Shop, camera: Callable[..., Any]
) -> None:
    sku = house.new_item({shop.location_id: 2}, gtin=LINKED)
    held = house.hold(sku, at=shop.location_id)
    page = camera(picture(QR, 12), shop.login)
    page.goto(f"/stock/pickup?at={shop.location_id}")
    scan(page)
    page.get_by_text(re.compile(f"{held.code} (を用意|の品を集め)")).first.wait_for()
    assert page.faults == []


def test_where_the_camera_is_refused_it_says_what_to_do(
    house: House, shop: Shop, playwright: Any
) -> None:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    context = browser.new_context(base_url=house.url, locale="ja-JP")
    context.add_cookies(
        [{"name": name, "value": value, "url": house.url}
         for name, value in house.session(shop.login).items()]
    )  # fmt: skip
    page = context.new_page()
    page.goto("/find")
    scan(page)
    page.get_by_text("カメラを使えません").wait_for()
    page.get_by_role("button", name="やめる").click()
    page.locator("[data-find]").last.fill("x")
    browser.close()
