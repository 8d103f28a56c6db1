-- What a business decides of its own stock: how long goods wait, what a clerk may hold, which
-- differences of a count need a second person. Each row was the rule until the next one.

create table stock.house_rules (
  version                bigint generated always as identity primary key,
  hold_hours             integer     not null,
  extend_hours           integer     not null,
  hold_units_max         integer     not null,
  carry_hours            integer     not null,
  pickup_hours           integer     not null,
  cart_left_hours        integer     not null,
  count_units_free       integer     not null,
  count_value_free_minor bigint      not null,
  fill_days              integer     not null,
  keep_days              integer     not null,
  reason                 bytea       not null,
  set_by                 text        not null,
  set_at                 timestamptz not null,
  constraint waits_are_sane check (
    hold_hours between 1 and 720 and extend_hours between 1 and 720
    and carry_hours between 1 and 720 and pickup_hours between 1 and 720
    and cart_left_hours between 1 and 720),
  constraint limits_are_sane check (
    hold_units_max between 1 and 10000 and count_units_free between 0 and 10000
    and count_value_free_minor between 0 and 1000000000000),
  constraint giving_leaves_enough check (
    fill_days between 1 and 365 and keep_days between 1 and 365)
);

-- Sealed, as people may stand in it; null for rules that were set by a program.
alter table stock.return_policies add column reason bytea;
