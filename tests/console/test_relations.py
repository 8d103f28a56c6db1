"""Relations on a customer's page: seen from both sides, written down, ended, never a merge."""

from __future__ import annotations

import re
import uuid

import pytest

from tests.console.house import House


def newcomer(house: House, name: str) -> str:
    """Somebody with a name; answers the customer."""
    member = f"rel-{uuid.uuid4().hex[:10]}"
    house.tell({"type": "identify", "userId": member, "traits": {"name": name}})
    return house.customer(member)


def relation_of(text: str) -> str:
    [found] = re.findall(r"/relations/([0-9a-f-]{36})/end", text)
    return str(found)


def test_a_relation_is_found_written_down_seen_from_both_sides_and_ended(house: House) -> None:
    word = uuid.uuid4().hex[:6]
    giver, taker = f"試し 贈子{word}", f"試し 受太{word}"
    ann, bo = newcomer(house, giver), newcomer(house, taker)
    with house.person("page-associate") as associate:
        assert "関わりを書く" in associate.get(f"/customers/{ann}").text
        found = associate.post(f"/customers/{ann}/relations/new", said=taker)
        assert bo in found.text
        assert f'value="{ann}"' not in found.text, "nobody is related to herself"
        done = associate.post(f"/customers/{ann}/relations", other=bo, role="receives")
        assert (done.status_code, done.headers["location"]) == (303, f"/customers/{ann}#relations")
        hers = associate.get(f"/customers/{ann}").text
        assert "贈ってくださる方" in hers
        assert taker in hers
        his = associate.get(f"/customers/{bo}").text
        assert "贈る相手" in his
        assert giver in his
        again = associate.post(f"/customers/{ann}/relations", other=bo, role="receives")
        assert again.status_code == 409
        assert "もう書いてあります" in again.text
        ended = associate.post(f"/customers/{bo}/relations/{relation_of(his)}/end")
        assert ended.status_code == 303
        assert "贈ってくださる方" not in associate.get(f"/customers/{ann}").text
        gone = associate.post(f"/customers/{bo}/relations/{relation_of(his)}/end")
        assert gone.status_code == 404
    assert house.customer(giver) == ann
    assert house.customer(taker) == bo
    for action in ("relation.made", "relation.ended"):
        audit = "select count(*) from audit.entries where customer_id in"
        assert house.asked(f"{audit} ('{ann}', '{bo}') and action = '{action}'") == 1
    seen = "select count(*) from audit.entries where action = 'relations.viewed'"
    assert house.asked(seen) > 0, "the other's name was looked at"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"role": "together"}, 422),
        ({"role": "together", "other": "nobody"}, 422),
        ({"role": "married", "other": "{bo}"}, 422),
        ({"role": "together", "other": "{ann}"}, 409),
        ({"role": "together", "other": "01890000-0000-7000-8000-000000000000"}, 404),
        ({"role": "refers", "other": "{bo}", "reason": "x"}, 422),
        ({"role": "refers", "other": "{bo}", "reason": "ご本人から伺いました"}, 303),
    ],
)
def test_a_relation_without_sense_is_refused(
    house: House, form: dict[str, str], status: int
) -> None:
    ann, bo = newcomer(house, "試し 甲"), newcomer(house, "試し 乙")
    asked = {name: value.format(ann=ann, bo=bo) for name, value in form.items()}
    with house.person("page-agent") as agent:
        agent.get(f"/customers/{ann}")
        answer = agent.post(f"/customers/{ann}/relations", **asked)
    assert answer.status_code == status


@pytest.mark.parametrize("login", ["page-marketer", "page-engineer"])
def test_without_the_right_nobody_is_related(house: House, login: str) -> None:
    customer = house.customer("佐伯")
    with house.person(login) as person:
        for path in ("relations", "relations/new", f"relations/{uuid.uuid4()}/end"):
            answer = person.post(f"/customers/{customer}/{path}", said="早川", role="together")
            assert answer.status_code == 403


def test_the_other_is_looked_for_without_scripts_too(house: House) -> None:
    with house.person("page-english") as admin:
        text = admin.get(f"/customers/{house.customer('佐伯')}/relations/new").text
        assert "Card, phone, mail or name" in text
        admin.get(f"/customers/{house.customer('佐伯')}/relations/new")
        nobody = admin.post(f"/customers/{house.customer('佐伯')}/relations/new", said="居ない人")
    assert "Nobody found" in nobody.text
