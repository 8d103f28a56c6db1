-- What a business decides of itself on a page, and who changed it from what to what.

create schema business;

create table business.choices (
  name       text        not null primary key,
  value      text        not null,
  changed_at timestamptz not null,
  constraint name_is_known check (name in ('name', 'locale')),
  constraint value_is_short check (length(value) <= 60)
);

create table business.changes (
  change_id  bigint generated always as identity primary key,
  name       text        not null,
  was        text        not null,
  is_now     text        not null,
  actor      text        not null,
  at         timestamptz not null
);
