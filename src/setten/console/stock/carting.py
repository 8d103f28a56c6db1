"""A customer's cart at a counter or on the phone: seen, changed, handed over, completed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.customers import people
from setten.console.page import Asked, Page, page_of
from setten.console.places import directory_of, named
from setten.console.shell.sign_in import redirect
from setten.console.stock import basket, naming
from setten.console.stock.goods import goods, with_more
from setten.console.stock.listed import CARTS
from setten.operations import baskets, checkout
from setten.operations.baskets import Owner
from setten.operations.checkout import Checkout, Pay
from setten.platform import audit, auth, clock, db, errors
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, SettenError
from setten.platform.vault import Sealed, normalise
from setten.stock import carts, catalog, orders
from setten.stock.carts import Cart, Change, UnknownCart, UnknownCartCode
from setten.stock.carts import Listed as Part

FIELD_MAX = 200
ADDRESS = ("name", "postcode", "region", "city", "street", "building", "phone")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A cart of the list. goods: what was put in first, and how many more."""

    part: Part
    goods: str
    person: people.Person | None
    reason: str


@get("/stock/carts", right=Right.read_customers)
async def carts_page(request: Asked) -> Response[str]:
    """Open carts by their last touch; a field for the code that a customer says."""
    look, deps = lists.look(CARTS, request), guard.deps_of(request)
    page = look.page
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        whose = await naming.shown(
            conn, deps.vault, page, [(one.identifier_id, ()) for one in part.rows]
        )
        await people.note(conn, page.who, list(whose.values()), action="carts.viewed", now=page.now)
        shown = await goods(conn, [one.sku for one in part.rows], page)
    rows = [
        Listed(
            part=one,
            goods=with_more(shown[one.sku], one.lines, page),
            person=whose.get(one.identifier_id),
            reason=_reason(one),
        )
        for one in part.rows
    ]
    return page.render("stock/carts.html", {"list": part, "rows": rows})


def _reason(one: Part) -> str:
    """The key of the words for why a cart was left, "" when nobody knows or it was not."""
    return "" if one.left_at is None or one.refusal is None else f"cart.left_{one.refusal}"


@post("/stock/carts", right=Right.hold)
async def begin(request: Asked) -> Response[str]:
    """An empty cart for somebody who stands here and has no name yet."""
    page, deps = page_of(request), guard.deps_of(request)
    nobody = normalise("anonymous_id", f"counter-{uuid.uuid4()}")
    async with db.transaction(deps.pool) as conn:
        number = (await deps.vault.identify(conn, [nobody]))[nobody]
        cart = await carts.ensure(
            conn, [number], under=number, channel=basket.channel_of(page), now=clock.now()
        )
        if page.shop:
            await carts.let_in(conn, cart, page.shop)
    return redirect(f"/stock/carts/{cart.cart_id}")


@post("/stock/carts/code", right=Right.read_customers)
async def by_code(request: Asked) -> Response[str]:
    """Open the cart whose code a customer says."""
    page, form = page_of(request), await request.form()
    code = str(form.get("code") or "")[:FIELD_MAX]
    pool = guard.deps_of(request).pool
    # On its own: a refusal must not take back that the wrong code was counted.
    async with db.transaction(pool) as conn:
        number = await carts.find_by_code(conn, code, by=page.who.label, now=clock.now())
    if number is None:
        raise UnknownCartCode()
    async with db.transaction(pool) as conn:
        owner = await baskets.of_identifier(conn, number)
        cart = await carts.find(conn, owner.identifier_ids)
        if page.shop:
            await carts.let_in(conn, cart, page.shop)
        await naming.meet_said(conn, page, [number])
    return redirect(f"/stock/carts/{cart.cart_id}")


@get("/customers/{customer_id:uuid}/cart", right=Right.read_customers)
async def of_customer(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """The cart of a customer; her page when she has none, where one may be begun."""
    async with guard.deps_of(request).pool.acquire() as conn:
        owner = await baskets.of_customer(conn, customer_id)
        cart = await carts.open_of(conn, owner.identifier_ids)
    if cart is None:
        return redirect(f"/customers/{customer_id}#cart")
    return redirect(f"/stock/carts/{cart.cart_id}")


@post("/customers/{customer_id:uuid}/cart", right=Right.hold)
async def begin_for(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Begin a customer's cart; the one she has when she has one."""
    page = page_of(request)
    auth.require(page.who, Right.read_customers)
    auth.require(page.who, Right.hold)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        owner = await baskets.of_customer(conn, customer_id)
        cart = await carts.ensure(
            conn,
            owner.identifier_ids,
            under=owner.under,
            channel=basket.channel_of(page),
            now=clock.now(),
        )
    return redirect(f"/stock/carts/{cart.cart_id}")


async def _owner(conn: Connection, cart_id: UUID) -> Owner:
    return await baskets.of_identifier(conn, await carts.owner_of(conn, cart_id))


@get("/stock/carts/{cart_id:uuid}", right=Right.read_customers)
async def cart_page(request: Asked, cart_id: FromPath[UUID]) -> Response[str]:
    """One cart with prices and stock of this moment; one that was ordered leads to its order."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        order = await orders.of_cart(conn, cart_id)
        if order is not None:
            return redirect(f"/stock/orders/{order.order_id}")
        owner = await _owner(conn, cart_id)
        cart = await carts.find(conn, owner.identifier_ids)
        shown = await _shown(request, conn, page, cart, owner)
    return page.render("stock/cart.html", shown)


async def _shown(
    request: Asked,
    conn: Connection,
    page: Page,
    cart: Cart,
    owner: Owner,
    *,
    refusal: SettenError | None = None,
    said: dict[str, str] | None = None,
) -> dict[str, object]:
    """Everything of the page. said: what stands in the form. refusal: what was just refused."""
    deps, said = guard.deps_of(request), said or {}
    names = await named(request, conn, page.locale)
    view = await basket.view(
        request, conn, page, names, cart, postcode=said.get("postcode") or None
    )
    person = None
    may_change = page.may_hold and await baskets.may_change(conn, page.who, cart, owner)
    if owner.customer_id is not None:
        whose = await people.by_id(conn, deps.vault, [owner.customer_id], page.locale)
        person = whose.get(owner.customer_id)
        await audit.note(
            conn, page.who, "cart.viewed", at=page.now, customer_id=owner.customer_id,
            subject=str(cart.cart_id),
        )  # fmt: skip
        if may_change and people.opens_one_by_one(page.who):
            await audit.meet(conn, page.who, [owner.customer_id], now=page.now)
    told = None if refusal is None else errors.say(refusal.code, page.locale, refusal.facts)
    elsewhere = "" if refusal is None else basket.elsewhere(refusal, names)
    return {
        "basket": view,
        "may_change": may_change,
        "person": person,
        "customer_href": f"/customers/{owner.customer_id}" if owner.customer_id else "",
        "refusal": told,
        "elsewhere": elsewhere,
        "said": {name: said.get(name, "") for name in (*ADDRESS, "pay")},
        "handed": None,
    }


@post("/stock/carts/{cart_id:uuid}/changes", right=Right.hold)
async def change(request: Asked, cart_id: FromPath[UUID]) -> Response[str]:
    """One edit: more, fewer, out, another way, or something new by sku or barcode."""
    page, form = page_of(request), await request.form()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        owner = await baskets.of_staff(conn, page.who, cart_id)
        edit = await _edit(conn, page, form)
        await carts.change(
            conn,
            owner.identifier_ids,
            [edit],
            under=owner.under,
            channel=basket.channel_of(page),
            now=clock.now(),
        )
        await audit.note(
            conn, page.who, "cart.changed", at=page.now, customer_id=owner.customer_id,
            subject=str(cart_id),
        )  # fmt: skip
        cart = await carts.find(conn, owner.identifier_ids)
        shown = await _shown(request, conn, page, cart, owner) if page.is_partial else {}
    if page.is_partial:
        return page.render("stock/cart_body.html", shown)
    return redirect(f"/stock/carts/{cart_id}")


async def _edit(conn: Connection, page: Page, form: FormMultiDict) -> Change:
    what, sku = str(form.get("do") or ""), str(form.get("sku") or "").strip()[:FIELD_MAX]
    if not sku or "\x00" in sku:
        raise Invalid(errors="sku")
    if what == "new":
        sku = (await catalog.skus_of(conn, [sku])).get(sku, sku)
        method, place = basket.usual_way(page)
        return carts.Add(sku=sku, method=method, location_id=place)
    if what in ("more", "less"):
        return carts.Add(sku=sku, qty=1 if what == "more" else -1)
    if what == "out":
        return carts.Remove(sku=sku)
    method, _, place = str(form.get("way") or "").partition(":")
    return carts.SetMethod(sku=sku, method=method, location_id=place or None)


@post("/stock/carts/{cart_id:uuid}/code", right=Right.hold)
async def hand_over(request: Asked, cart_id: FromPath[UUID]) -> Response[str]:
    """A code that leads to this cart from another screen, for a quarter of an hour."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        owner = await baskets.of_staff(conn, page.who, cart_id)
        cart = await carts.find(conn, owner.identifier_ids)
        handed = await carts.hand_over(conn, cart, now=clock.now())
        shown = await _shown(request, conn, page, cart, owner)
    return page.render("stock/cart.html", shown | {"handed": handed})


@post("/stock/carts/{cart_id:uuid}/order", right=Right.hand_over)
async def order(request: Asked, cart_id: FromPath[UUID]) -> Response[str]:
    """Ask what the way costs, or complete it. What has changed meanwhile is shown, not taken."""
    page, form = page_of(request), await request.form()
    said = {name: str(form.get(name) or "").strip()[:FIELD_MAX] for name in (*ADDRESS, "pay")}
    if form.get("do") == "quote":
        return await _again(request, page, cart_id, None, said)
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            owner = await baskets.of_staff(conn, page.who, cart_id)
            asked = await _asked(request, conn, page, owner, form, said)
            bought = await checkout.check_out(conn, directory_of(request), asked, now=clock.now())
            await audit.note(
                conn, page.who, "order.placed", at=page.now, customer_id=owner.customer_id,
                subject=str(bought.order.order_id),
            )  # fmt: skip
    except UnknownCart:
        return redirect(f"/stock/carts/{cart_id}")  # ordered by the first of two presses
    except Conflict as refusal:
        return await _again(request, page, cart_id, refusal, said)
    return redirect(f"/stock/orders/{bought.order.order_id}")


async def _again(
    request: Asked, page: Page, cart_id: UUID, refusal: SettenError | None, said: dict[str, str]
) -> Response[str]:
    """The page as it is now, with what was typed and what was refused."""
    async with db.transaction(guard.deps_of(request).pool) as conn:
        owner = await _owner(conn, cart_id)
        cart = await carts.find(conn, owner.identifier_ids)
        shown = await _shown(request, conn, page, cart, owner, refusal=refusal, said=said)
    return page.render("stock/cart.html", shown, status=200 if refusal is None else 409)


async def _asked(
    request: Asked,
    conn: Connection,
    page: Page,
    owner: Owner,
    form: FormMultiDict,
    said: dict[str, str],
) -> Checkout:
    address_id = None
    address = {name: said[name] for name in ADDRESS if said[name]}
    if address.get("street") and address.get("name"):
        sealed = [Sealed(owner.under, address)]
        (address_id,) = await guard.deps_of(request).vault.seal(conn, sealed)
    return Checkout(
        identifier_ids=owner.identifier_ids,
        under=owner.under,
        cart_version=_whole(form.get("version")),
        total_minor=_whole(form.get("total")),
        channel=basket.channel_of(page),
        by=page.who.label,
        location_id=page.shop,
        pays=_pays(page, said["pay"]),
        postcode=said["postcode"] or None,
        address_id=address_id,
    )


def _pays(page: Page, said: str) -> Sequence[Pay]:
    if said not in basket.pays_of(page):
        raise Invalid(errors="pay")
    if said == "paid":
        return (Pay(method="counter", state="captured"),)
    return (Pay(method=said),)


def _whole(said: object) -> int:
    text = str(said or "")
    if not text.isdecimal() or len(text) > 15:
        raise Invalid(errors="version")
    return int(text)
