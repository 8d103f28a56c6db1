-- Where each customer stands. Worked out from purchases; all of it can be made anew from them.

-- Where one stage ends and the next begins, for this business. One row.
create table customers.stage_thresholds (
  is_only     boolean     not null primary key default true check (is_only),
  loyal_from  integer     not null,
  slow_p      float8      not null,
  slow_gaps   float8      not null,
  lost_p      float8      not null,
  lost_gaps   float8      not null,
  constraint loyalty_takes_two check (loyal_from between 2 and 100),
  constraint chances_fall check (0 < lost_p and lost_p < slow_p and slow_p < 1),
  constraint gaps_grow check (1 <= slow_gaps and slow_gaps < lost_gaps and lost_gaps <= 100)
);
insert into customers.stage_thresholds (loyal_from, slow_p, slow_gaps, lost_p, lost_gaps)
values (3, 0.5, 2, 0.2, 6);

-- How the people of this business buy, as fitted to them; the newest counts.
create table customers.rhythms (
  rhythm_id       bigint      not null generated always as identity primary key,
  r               float8      not null,
  alpha           float8      not null,
  a               float8      not null,
  b               float8      not null,
  usual_gap_days  float8      not null,
  people          integer     not null,
  log_likelihood  float8,
  fitted_at       timestamptz,
  constraint numbers_are_positive check (r > 0 and alpha > 0 and a > 0 and b > 0),
  constraint gap_is_a_day_or_more check (usual_gap_days >= 1)
);
-- Until enough people have come back here: the published modified fit to a shop of records
-- (CDNOW), in weeks, and a month between purchases.
insert into customers.rhythms (r, alpha, a, b, usual_gap_days, people)
values (0.525, 6.183, 0.891, 1.614, 30, 0);

-- Everybody who has bought; who is not here is in acquisition.
create table customers.stages (
  customer_id     uuid        not null primary key,
  stage           text        not null,
  since           timestamptz not null,
  -- Days with a purchase, first and last purchase: what the rest is worked out from.
  days            integer     not null,
  first_at        timestamptz not null,
  last_at         timestamptz not null,
  usual_gap_days  float8      not null,
  -- When silence alone makes it retention, and recovery.
  slow_at         timestamptz not null,
  lost_at         timestamptz not null,
  -- The next of these that is to come; null when there is none.
  due_at          timestamptz,
  constraint stage_is_known check (stage in ('trial', 'loyalty', 'retention', 'recovery')),
  constraint has_bought check (days > 0 and first_at <= last_at),
  constraint slow_before_lost check (last_at <= slow_at and slow_at <= lost_at)
);
create index stages_due on customers.stages (due_at) where due_at is not null;
-- Who is in a stage, the newest first.
create index stages_by_stage on customers.stages (stage, since desc, customer_id);

-- How many went from stage to stage on a day of the business. 'none': began here, or was merged.
create table customers.stage_flows (
  day    date    not null,
  was    text    not null,
  stage  text    not null,
  n      integer not null,
  primary key (day, was, stage)
);

-- What the board shows, as last counted: no page counts a million rows.
create table customers.stage_sizes (
  stage       text        not null primary key,
  customers   integer     not null,
  counted_at  timestamptz not null
);
create table customers.stage_values (
  stage        text        not null,
  currency     text        not null,
  buyers       integer     not null,
  total_minor  bigint      not null,
  counted_at   timestamptz not null,
  primary key (stage, currency)
);

-- A look at everybody that goes on in parts and outlives a restart. No row: none is under way.
create table customers.stage_walks (
  is_only  boolean not null primary key default true check (is_only),
  after    uuid    not null
);
