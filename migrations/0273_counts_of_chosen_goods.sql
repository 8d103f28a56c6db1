-- A sheet of certain goods is not one of the whole place. A constant default: no row is written.

alter table stock.counts add column is_chosen boolean not null default false;
