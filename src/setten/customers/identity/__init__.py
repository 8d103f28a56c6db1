"""Who is whom.

Events link the identifiers they carry. A component of linked identifiers is resolved from its whole
evidence, in order of time, so that the order of arrival does not matter; limits keep two people
apart who share a tablet. `customers_for` and `identifier_for` translate between customers and the
identifiers that all other rows keep; `merge` is a person's decision; `find_by` finds at a counter.
"""

from setten.customers.identity.finding import (
    Found,
    IdentifiersDisagree,
    find_by,
    lookup,
    lookup_many,
)
from setten.customers.identity.merging import AlreadyOne, MergeBreaksLimit, Merged, merge
from setten.customers.identity.model import (
    CustomerNotFound,
    Link,
    LinkShown,
    Node,
    Person,
    Quarantine,
    Rule,
)
from setten.customers.identity.reader import READER, readers
from setten.customers.identity.rebuilding import rebuild
from setten.customers.identity.rules import Resolution, resolve
from setten.customers.identity.service import (
    LINKS_PAGE_MAX,
    current,
    customers_for,
    identifier_for,
    identifiers_of,
    links_of,
    members,
    merged_into,
    people,
    people_behind,
    person,
    quarantines,
)

__all__ = [
    "LINKS_PAGE_MAX",
    "READER",
    "AlreadyOne",
    "CustomerNotFound",
    "Found",
    "IdentifiersDisagree",
    "Link",
    "LinkShown",
    "MergeBreaksLimit",
    "Merged",
    "Node",
    "Person",
    "Quarantine",
    "Resolution",
    "Rule",
    "current",
    "customers_for",
    "find_by",
    "identifier_for",
    "identifiers_of",
    "links_of",
    "lookup",
    "lookup_many",
    "merge",
    "members",
    "merged_into",
    "people",
    "people_behind",
    "person",
    "quarantines",
    "readers",
    "rebuild",
    "resolve",
]
