"""All handlers of the console, behind one door."""

from __future__ import annotations

import asyncpg
from litestar import Router
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler

from setten.console import guard, problems
from setten.console.assets import static_file
from setten.console.customers import consenting, links, purchases, record, related, stages
from setten.console.customers import live as customer_live
from setten.console.customers import page as customer_page
from setten.console.run import data, keys, rules, staff
from setten.console.segments import bringing, composer
from setten.console.segments import pages as segments
from setten.console.shell import find, password, patterns, preferences, sign_in, today
from setten.console.stock import (
    carting,
    counter,
    counting,
    delivering,
    disagreeing,
    holding,
    item,
    moving,
    ordering,
    pickup,
    returning,
    sending,
    sheet,
    why,
)
from setten.console.visitors import line
from setten.platform import db
from setten.platform.errors import SettenError

problem_page = problems.on_http

FORM_BYTES_MAX = 2 * 1024 * 1024
"""A dead letter of a whole batch, mended, with each letter written as %XX."""

PAGES: list[ControllerRouterHandler] = [
    today.today,
    today.events,
    today.sales,
    today.sales_csv,
    sign_in.sign_in_page,
    sign_in.sign_in,
    sign_in.link_page,
    sign_in.use_link,
    sign_in.sign_out,
    preferences.me,
    preferences.prefer,
    password.choose,
    patterns.patterns,
    find.find_page,
    find.find,
    customer_page.start,
    customer_page.customer,
    customer_page.earlier,
    customer_page.write_note,
    customer_live.customer_live,
    purchases.purchases,
    record.event,
    record.open_sealed,
    consenting.say,
    segments.list_page,
    bringing.lists_page,
    bringing.bring,
    bringing.take_refused,
    segments.compare,
    segments.inside,
    segments.export,
    segments.retire,
    composer.new,
    composer.edit,
    composer.add,
    composer.preview,
    composer.keep,
    stages.board,
    stages.stage_people,
    stages.change,
    links.links,
    links.block,
    links.review,
    links.decide,
    links.seek,
    links.merge,
    related.start,
    related.seek,
    related.relate,
    related.end,
    record.reveal,
    rules.rules,
    rules.changes,
    rules.propose,
    rules.decide,
    staff.staff,
    staff.add,
    staff.invite,
    staff.change,
    staff.close,
    staff.reopen,
    keys.keys,
    keys.make,
    keys.revoke,
    data.data,
    data.data_live,
    data.make_source,
    data.rotate,
    data.revoke,
    data.letter,
    data.replay,
    data.discard,
    data.events_csv,
    data.letters_csv,
    holding.hold,
    holding.release,
    holding.extend,
    holding.hold_page,
    sheet.stock,
    sheet.sheet,
    sheet.sheet_csv,
    line.line,
    line.take,
    item.item,
    why.why,
    disagreeing.disagreements,
    disagreeing.decide,
    delivering.ask,
    counting.counts_page,
    counting.open_count,
    counting.count_page,
    counting.give,
    counting.submit,
    counting.approve,
    counting.cancel,
    moving.transfers_page,
    moving.send,
    moving.transfer_page,
    moving.receive,
    moving.close,
    moving.depart,
    carting.carts_page,
    carting.begin,
    carting.by_code,
    carting.of_customer,
    carting.cart_page,
    carting.change,
    carting.hand_over,
    carting.order,
    ordering.orders_page,
    ordering.order_page,
    ordering.cancel,
    ordering.capture,
    pickup.pickup,
    pickup.pickup_live,
    pickup.pick,
    pickup.shortage,
    pickup.collection,
    pickup.by_code,
    pickup.finish_task,
    counter.unpick,
    counter.reopen,
    counter.counter,
    counter.hand_over,
    counter.substitute,
    returning.start,
    returning.find,
    returning.purchase,
    returning.take,
    returning.done,
    sending.sending,
    sending.move,
    sending.ship,
    sending.reject,
]


def routes() -> list[ControllerRouterHandler]:
    """What the wiring registers: the files, open to all, and the pages behind the door."""
    pages = Router(
        path="/",
        route_handlers=PAGES,
        before_request=guard.before,
        request_max_body_size=FORM_BYTES_MAX,
        exception_handlers={
            SettenError: problems.on_refusal,
            HTTPException: problems.on_http,
            **dict.fromkeys(db.AWAY, problems.on_away),
            asyncpg.CharacterNotInRepertoireError: problems.on_unwritable,
            asyncpg.UntranslatableCharacterError: problems.on_unwritable,
            UnicodeEncodeError: problems.on_unwritable,
            Exception: problems.on_fault,
        },
    )
    return [static_file, pages]
