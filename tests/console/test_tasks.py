"""What shops have to see to, as one list: who sees which of it, and who ends it."""

from __future__ import annotations

import re

from tests.console.house import House
from tests.console.listing import mark


def broken(house: House, location_id: str, sku: str) -> str:
    """A promise of a newcomer that fell short at a place: its task."""
    customer, _ = house.newcomer(name=f"約束 {mark()}")
    house.run_in_database(f"""
        with made as (
          insert into stock.holds (hold_id, location_id, state, code, channel, purpose, placed_by,
                                   placed_at, expires_at, ended_at, identifier_id)
          select gen_random_uuid(), '{location_id}', 'released', '123456', 'web', 'pickup', 'test',
                 now(), now(), now(), min(identifier_id)
            from customers.identifiers where customer_id = '{customer}'
          returning hold_id)
        insert into stock.tasks (task_id, kind, location_id, hold_id, sku, opened_at)
        select gen_random_uuid(), 'hold_short', '{location_id}', hold_id, '{sku}', now()
          from made""")
    asked = f"select task_id from stock.tasks where location_id = '{location_id}'"
    return str(house.asked(asked))


def test_who_cares_for_all_shops_sees_what_was_broken_and_ends_it_where_it_stands(
    house: House,
) -> None:
    shop = house.open_shop()
    sku = house.new_item({shop.location_id: 1})
    task = broken(house, shop.location_id, sku)
    here = f"/stock/tasks?at={shop.location_id}&kind=hold_short"
    with house.person("page-agent") as agent:
        page = agent.get(here).text
        assert f'data-task="{task}"' in page
        assert "約束 zz" in page, "whose promise it was"
        assert task not in agent.get(here.replace("hold_short", "put_back")).text
        done = agent.post(
            f"/stock/tasks/{task}/completion",
            back="/stock/tasks", at=shop.location_id, kind="hold_short",
        )  # fmt: skip
        assert done.status_code == 303
        assert done.headers["location"].startswith(here)
        after = agent.get(done.headers["location"]).text
        assert "すんだことにしました" in after
        assert f'data-task="{task}"' not in after


def test_staff_of_a_shop_begin_with_their_own_and_end_no_other(house: House) -> None:
    mine, other = house.open_shop(), house.open_shop()
    sku = house.new_item({mine.location_id: 1, other.location_id: 1})
    task, foreign = (broken(house, one.location_id, sku) for one in (mine, other))
    with house.person(mine.login) as associate:
        page = associate.get("/stock/tasks").text
        assert re.findall(r'data-task="([^"]+)"', page) == [task]
        elsewhere = associate.get(f"/stock/tasks?at={other.location_id}").text
        assert foreign in elsewhere
        assert f"/stock/tasks/{foreign}/completion" not in elsewhere
        answer = associate.post(f"/stock/tasks/{foreign}/completion", back="/stock/tasks")
        assert answer.status_code == 403
    with house.person("page-marketer") as marketer:
        page = marketer.get(f"/stock/tasks?at={mine.location_id}").text
        assert f'data-task="{task}"' in page
        assert "約束 zz" not in page
        assert "completion" not in page


def test_a_kind_that_nobody_knows_is_told_so(house: House) -> None:
    with house.person("page-agent") as agent:
        assert agent.get("/stock/tasks?kind=laundry").status_code == 422
