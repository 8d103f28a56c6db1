-- What else happens to goods in a shop: damage, quarantine, counts by shelf, transfers, sets.
-- Kinds are checked by the code that knows them: each feature brings its own.
alter table stock.movements drop constraint kind_is_known;
alter table stock.movements
  add constraint kind_is_a_word check (kind ~ '^[a-z][a-z_]{2,39}$');
-- Why, as one of a few words that can be added up; what was said stays in `reason`.
alter table stock.movements add column reason_code text;

alter table stock.tasks drop constraint kind_is_known;
alter table stock.tasks add constraint kind_is_a_word check (kind ~ '^[a-z][a-z_]{2,39}$');
-- The count, transfer or other paper that it is about.
alter table stock.tasks add column about uuid;
create index tasks_about on stock.tasks (about) where about is not null and done_at is null;

-- A sheet to count by. Whoever counts does not see what the book says.
create table stock.counts (
  count_id      uuid        not null primary key,
  location_id   text        not null,
  -- Only shelves that begin so; null: the whole place.
  shelf         text,
  state         text        not null default 'open',
  opened_at     timestamptz not null,
  opened_by     text        not null,
  submitted_at  timestamptz,
  submitted_by  text,
  ended_at      timestamptz,
  ended_by      text,
  constraint state_is_known check (state in ('open', 'waiting', 'booked', 'cancelled')),
  constraint ended_when_over check ((ended_at is null) = (state in ('open', 'waiting')))
);
create index counts_of_place on stock.counts (location_id, count_id);
create index counts_booked on stock.counts (ended_at) where state = 'booked';

create table stock.count_lines (
  count_id    uuid        not null references stock.counts,
  sku         text        not null,
  shelf       text,
  -- Null until somebody counted.
  counted     integer,
  -- What the book said in that moment, under the lock, without what lies in bags.
  expected    integer,
  counted_at  timestamptz,
  counted_by  text,
  -- Sent back: count once more.
  is_again    boolean     not null default false,
  -- Units that tills told of later, but had sold before the count.
  late        integer     not null default 0,
  -- Units that were booked because of it; signed.
  booked      integer     not null default 0,
  primary key (count_id, sku),
  constraint counted_whole check (
    (counted is null) = (expected is null) and (counted is null) = (counted_at is null)),
  constraint counted_is_not_negative check (counted >= 0)
);

-- Goods on the way from one of our places to another, with the number on the paper.
create table stock.transfers (
  transfer_id    uuid        not null primary key,
  from_location  text        not null,
  to_location    text        not null,
  state          text        not null,
  ref            text,
  due_on         date,
  created_at     timestamptz not null,
  created_by     text        not null,
  shipped_at     timestamptz,
  shipped_by     text,
  ended_at       timestamptz,
  ended_by       text,
  constraint state_is_known check (state in ('planned', 'shipped', 'received', 'closed',
    'cancelled')),
  constraint goes_somewhere check (from_location <> to_location)
);
create unique index transfers_ref on stock.transfers (ref) where ref is not null;
create index transfers_to on stock.transfers (to_location, transfer_id);
create index transfers_from on stock.transfers (from_location, transfer_id);

create table stock.transfer_lines (
  transfer_id  uuid    not null references stock.transfers,
  sku          text    not null,
  qty          integer not null,
  received     integer not null default 0,
  -- Of the received: not fit for sale, put into quarantine.
  damaged      integer not null default 0,
  -- Never arrived; booked as lost when the paper is closed.
  missing      integer not null default 0,
  -- Arrived beyond what the paper says.
  surplus      integer not null default 0,
  primary key (transfer_id, sku),
  constraint qty_is_positive check (qty > 0),
  constraint no_more_than_sent check (received + missing <= qty and damaged <= received + surplus)
);
create index transfer_lines_sku on stock.transfer_lines (sku, transfer_id);

-- A set has no stock of its own: its parts have.
create table stock.set_parts (
  set_sku   text    not null,
  part_sku  text    not null,
  qty       integer not null,
  primary key (set_sku, part_sku),
  constraint qty_is_positive check (qty > 0),
  constraint no_part_of_itself check (set_sku <> part_sku)
);
create index set_parts_part on stock.set_parts (part_sku, set_sku);
