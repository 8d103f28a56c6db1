-- How often a member of staff did something in this minute and on this day: one row for each, for as
-- long as they work.

create table audit.paces (
  actor text not null,
  what text not null,
  minute timestamptz not null,
  in_minute integer not null,
  day date not null,
  in_day integer not null,
  primary key (actor, what)
);
