-- When a list that is being read last moved on: one whose process has ended says so.
set lock_timeout = '5s';

alter table customers.lists
  add column moved_at timestamptz not null default now();
