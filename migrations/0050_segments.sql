-- Who belongs to what: expressions kept live, and who entered and left by which event.
create table customers.segments (
  segment_id      integer     not null generated always as identity primary key,
  name            text        not null,
  -- The version that stands; all of them are in segment_versions.
  version         integer     not null,
  created_at      timestamptz not null,
  retired_at      timestamptz,
  -- Kept with each change, so that no page counts rows.
  size            bigint      not null default 0,
  -- How far a new version has been looked up for those who are there already, by customer_id.
  filled_through  uuid,
  filled_at       timestamptz,
  constraint name_is_short check (length(name) between 1 and 100),
  constraint version_is_positive check (version > 0),
  constraint size_is_not_negative check (size >= 0)
);
-- Expressions name segments, so a living name means one.
create unique index segments_name on customers.segments (name) where retired_at is null;

create table customers.segment_versions (
  segment_id  integer     not null references customers.segments,
  version     integer     not null,
  expression  json        not null,
  at          timestamptz not null,
  by          text        not null,
  reason      text,
  constraint segment_versions_pkey primary key (segment_id, version)
);

create table customers.segment_members (
  customer_id  uuid        not null,
  segment_id   integer     not null references customers.segments,
  entered_at   timestamptz not null,
  -- What made her enter: an event's id; null when time or a new definition did.
  event_id     text,
  constraint segment_members_pkey primary key (customer_id, segment_id)
);
create index segment_members_of on customers.segment_members (segment_id, entered_at, customer_id);

-- Entering and leaving, kept to be looked at; the facts in the log are for whoever follows.
create table customers.segment_passages (
  segment_id   integer     not null,
  at           timestamptz not null,
  customer_id  uuid        not null,
  entered      boolean     not null,
  cause        text        not null,
  event_id     text,
  constraint cause_is_known check (cause in ('event', 'time', 'definition', 'identity'))
);
create index segment_passages_of on customers.segment_passages (segment_id, at);

-- Size over time: one row an hour in which anything changed.
create table customers.segment_flows (
  segment_id  integer     not null,
  hour_at     timestamptz not null,
  entered     integer     not null,
  gone        integer     not null,
  size        bigint      not null,
  constraint segment_flows_pkey primary key (segment_id, hour_at)
) with (fillfactor = 80);

-- When time alone may next change somebody's segments. Early is allowed, late is not: a visit that
-- moves the true moment back writes nothing here, the wake-up finds out.
create table customers.segment_wakes (
  customer_id  uuid        not null primary key,
  due_at       timestamptz not null
) with (fillfactor = 80);
create index segment_wakes_due on customers.segment_wakes (due_at);
