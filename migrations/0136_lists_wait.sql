-- Rows of a list that are of nobody yet wait for whoever they turn out to be.
set lock_timeout = '5s';

alter table customers.list_entries
  add column is_waiting boolean not null default false;
-- Asked with each batch of events, and nearly always empty handed.
create index list_entries_waiting on customers.list_entries (identifier_id) where is_waiting;
