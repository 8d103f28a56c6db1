"""A letter that somebody got or opened is told by its title on her timeline, where it has one."""

from __future__ import annotations

from tests.console.house import House
from tests.console.listing import mark
from tests.console.test_rules import eventually


def test_a_letter_is_called_by_its_title(house: House) -> None:
    member, title = mark(), f"秋のお便り {mark()}"
    said = {"type": "track", "userId": member}
    house.tell({**said, "event": "Message Delivered", "properties": {"title": title}})
    house.tell({**said, "event": "Message Opened", "properties": {"title": title}})
    house.tell({**said, "event": "Message Clicked"})
    address = f"/customers/{house.customer(member)}"
    with house.person("page-agent") as agent:
        eventually(lambda: "お便りのリンクを押しました" in agent.get(address).text)
        page = agent.get(address).text
    assert f"お便り「{title}」が届きました" in page
    assert f"お便り「{title}」を開きました" in page
    with house.person("page-english") as admin:
        assert f"Opened the message “{title}”" in admin.get(address).text
