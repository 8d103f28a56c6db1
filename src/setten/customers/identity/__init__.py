"""Who is whom.

Events link the identifiers they carry. A component of linked identifiers is resolved from its whole
evidence, in order of time, so that the order of arrival does not matter; limits keep two people
apart who share a tablet. `customers_for` and `identifier_for` translate between customers and the
identifiers that all other rows keep; `merge` is a person's decision; `find_by` finds at a counter.
"""

from setten.customers.identity.blocking import Pattern
from setten.customers.identity.changing import (
    BadRule,
    BlockedNotFound,
    RuleChangeNotCounted,
    RuleChangeNotFound,
    RulesBusy,
    UnusableValue,
    apply,
    book,
    change,
    changes,
    propose,
    withdraw,
)
from setten.customers.identity.finding import (
    Found,
    IdentifiersDisagree,
    find_by,
    lookup,
    lookup_many,
)
from setten.customers.identity.merging import (
    AlreadyOne,
    MergeBreaksLimit,
    Merged,
    MergeWithNobody,
    merge,
)
from setten.customers.identity.model import (
    DEFAULTS,
    LINKS_ASKED_MAX,
    LINKS_MAX,
    ComponentQuarantined,
    CustomerNotFound,
    Link,
    LinkShown,
    Node,
    Person,
    Quarantine,
    Rule,
)
from setten.customers.identity.outgrown import Hub, Outgrown, hubs, outgrown
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
    person,
    quarantines,
)
from setten.customers.identity.shapes import (
    Asked,
    BlockedValue,
    Book,
    RuleAsked,
    RuleChange,
    RuleShown,
    Sample,
)
from setten.customers.identity.splitting import (
    AlreadyTakenBack,
    Decided,
    LinkNotFound,
    NotTakenBack,
    rejoin,
    split,
)
from setten.customers.identity.walking import work

__all__ = [
    "DEFAULTS",
    "LINKS_MAX",
    "Hub",
    "Outgrown",
    "Asked",
    "BadRule",
    "BlockedNotFound",
    "BlockedValue",
    "Book",
    "Pattern",
    "RuleAsked",
    "RuleChange",
    "RuleChangeNotCounted",
    "RuleChangeNotFound",
    "RuleShown",
    "RulesBusy",
    "Sample",
    "UnusableValue",
    "apply",
    "book",
    "change",
    "changes",
    "propose",
    "withdraw",
    "work",
    "LINKS_ASKED_MAX",
    "LINKS_PAGE_MAX",
    "READER",
    "AlreadyOne",
    "AlreadyTakenBack",
    "ComponentQuarantined",
    "CustomerNotFound",
    "Decided",
    "Found",
    "IdentifiersDisagree",
    "Link",
    "LinkNotFound",
    "LinkShown",
    "MergeBreaksLimit",
    "MergeWithNobody",
    "Merged",
    "Node",
    "NotTakenBack",
    "Person",
    "Quarantine",
    "Resolution",
    "Rule",
    "current",
    "customers_for",
    "find_by",
    "hubs",
    "outgrown",
    "identifier_for",
    "identifiers_of",
    "links_of",
    "lookup",
    "lookup_many",
    "merge",
    "members",
    "merged_into",
    "people",
    "person",
    "quarantines",
    "readers",
    "rebuild",
    "rejoin",
    "resolve",
    "split",
]
