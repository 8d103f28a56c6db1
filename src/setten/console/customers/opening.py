"""Opening a person who was not met in one's work: staff of a shop say why, and it goes on record.

Who was shown by a card, a phone, the code of a cart, or an order or hold of one's own shop opens
without a question; an address that somebody typed, kept or was sent does not (`guard` asks), nor do
the number of an order or a pickup code of another shop, which lists show. Whoever may list
everybody anyway is not asked.
"""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.customers.record import ReasonMissing, reason_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import identity
from setten.platform import audit, clock, db, errors
from setten.platform.auth import Right
from setten.platform.errors import Invalid
from setten.platform.vault import Sealed

WHY = ("in_shop", "on_phone", "promise", "other")
"""What brings a shop's staff to a person; `other` wants words."""
REASON_MAX = 300


class WhyMissing(Invalid):
    """Nothing was chosen."""

    code = "why_missing"


@get("/customers/{customer_id:uuid}/reason", right=Right.read_customers, opens=True)
async def ask(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Why? Nothing of the person is shown, not even whether there is one."""
    return _form(page_of(request), customer_id)


def _form(page: Page, customer_id: UUID, *, why: str = "", wrong: str = "") -> Response[str]:
    view = {"customer_id": customer_id, "choices": WHY, "why": why, "wrong": wrong}
    return page.render("customers/reason.html", view, status=422 if wrong else 200)


@post("/customers/{customer_id:uuid}/reason", right=Right.read_customers, opens=True)
async def tell(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Take the reason down, sealed with the person it is about, and open her page."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    why, said = str(form.get("why") or ""), str(form.get("reason") or "").strip()[:REASON_MAX]
    try:
        if why not in WHY:
            raise WhyMissing()
        said = reason_of(said) if why == "other" else said
    except (WhyMissing, ReasonMissing) as refusal:
        wrong = errors.say(refusal.code, page.locale, refusal.facts)[1]
        return _form(page, customer_id, why=why if why in WHY else "", wrong=wrong)
    now = clock.now()
    async with db.transaction(deps.pool) as conn:
        living = await identity.current(conn, customer_id)
        number = await identity.identifier_for(conn, living)
        sealed = [Sealed(number, {"reason": said})] if said else []
        sealed_ids = await deps.vault.seal(conn, sealed) if sealed else [None]
        await audit.note(
            conn, page.who, "customer.opened", at=now, customer_id=living, reason=why,
            reason_sealed_id=sealed_ids[0],
        )  # fmt: skip
        await audit.meet(conn, page.who, [living], now=now)
    return redirect(f"/customers/{living}")
