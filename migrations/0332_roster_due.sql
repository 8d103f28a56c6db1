-- Whose row of the roster is old: noted by the reader of the log, worked out by a job that gives way to
-- all others. noted: which note it was, so that a newer one is not forgotten with it.
create table customers.roster_due (
  customer_id uuid primary key,
  noted bigint not null generated always as identity
) with (fillfactor = 70);
create index roster_due_noted on customers.roster_due (noted);
