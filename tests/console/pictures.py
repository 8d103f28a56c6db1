"""Pictures of the running product: every page at 1440 and 390, both languages, light and dark.

    .venv/bin/python -m tests.console.pictures [FOLDER]

Starts a product of its own with the demo's world, lets a few things happen in it, takes the
pictures and ends it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from setten.platform.db import embedded
from tests.conftest import MASTER_KEY
from tests.console.conftest import CHROMIUM, FLAGS
from tests.console.house import House

SHOTS = {
    "sign-in": (None, "/sign-in"),
    "find": ("page-agent", "/customers"),
    "customer": ("page-associate", "/customers/{saeki}"),
    "event": ("page-agent", "/events/{event}"),
    "evidence": ("page-agent", "/customers/{saeki}/links"),
    "purchases": ("page-agent", "/customers/{saeki}/purchases"),
    "pickup": ("page-associate", "/stock/pickup"),
    "hold": ("page-associate", "/stock/holds/{hold}"),
    "sheet": ("page-associate", "/stock/items"),
    "item": ("page-associate", "/stock/items/SOFA-V2-GRN?at=kichijoji"),
    "data": ("page-admin", "/run/data"),
    "patterns": ("page-admin", "/patterns"),
    "no-right": ("page-marketer", "/stock/pickup"),
}
LOOKS = [
    (1440, "ja", "light"),
    (1440, "en", "light"),
    (1440, "ja", "dark"),
    (390, "ja", "light"),
    (390, "en", "dark"),
]


def live_a_little(house: House) -> dict[str, str]:
    """Let happen what the pictures show; answers the ids that addresses need."""
    saeki, hayakawa = house.customer("佐伯"), house.customer("早川")
    house.hold("KETTLE-IRON", customer=hayakawa)
    house.hold("CHAIR-OAK", customer=house.customer("Daniel"), qty=2)
    sofa = house.hold("SOFA-V2-GRN", customer=saeki)
    house.hold("CUSHION-GRN", qty=2)
    with house.person("page-associate") as associate:
        associate.get(f"/customers/{saeki}")
        said = "緑のソファはありませんか。今度の部屋に合わせたくて。"
        associate.post(f"/customers/{saeki}/notes", text=said, voice="customer", channel="chat")
        note = "吉祥寺店の緑を取り置きました。土曜に来店の予定。"
        associate.post(f"/customers/{saeki}/notes", text=note, voice="staff", channel="store")
    look = {"sku": "SOFA-V2-GRN", "name": "sofa", "price": 89800, "currency": "JPY"}
    house.tell(
        {"type": "track", "event": "Product Viewed", "anonymousId": "saeki-phone",
         "properties": look},
        {"type": "track", "anonymousId": "saeki-phone", "properties": {}},
    )  # fmt: skip
    time.sleep(1.5)
    event = house.asked("select event_id from customers.timeline where name = 'receipt.recorded'")
    return {"saeki": saeki, "hold": str(sofa.hold_id), "event": str(event)}


def take(house: House, browser: Any, folder: Path, ids: dict[str, str]) -> None:
    """Every page in every look."""
    for width, locale, theme in LOOKS:
        for name, (login, path) in SHOTS.items():
            context = browser.new_context(
                viewport={"width": width, "height": 844 if width < 761 else 900},
                device_scale_factor=2 if width < 761 else 1, has_touch=width < 761,
                color_scheme=theme, base_url=house.url,
                locale="ja-JP" if locale == "ja" else "en-GB",
            )  # fmt: skip
            if login:
                with house.person(login) as person:
                    person.post("/preferences", locale=locale, back="/me")
                context.add_cookies(
                    [{"name": key, "value": value, "url": house.url}
                     for key, value in house.session(login).items()]
                )  # fmt: skip
            page = context.new_page()
            page.goto(path.format(**ids))
            page.wait_for_timeout(400)
            file = folder / f"{name}-{width}-{locale}-{theme}.png"
            page.screenshot(path=str(file), full_page=name == "patterns")
            sys.stdout.write(f"{file}\n")
            context.close()


def main(folder: Path) -> None:
    """Start, live, take, end."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="setten-pictures-") as name:
        home = Path(name)
        home.chmod(0o755)
        server = embedded.start(home / "database")
        house = House(server.dsn, home, MASTER_KEY, is_empty=True)
        try:
            ids = live_a_little(house)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
                take(house, browser, folder, ids)
                browser.close()
        finally:
            house.stop()
            server.stop(limit_s=5)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
