-- What happens in a day, as sums that pages read: counted by a reader of the log, by the business's
-- days. All of it can be made anew from the log.
create schema insight;

-- Touches of customers by channel and quarter of an hour.
create table insight.touches (
  day      date      not null,
  channel  text      not null,
  -- Quarters of an hour since midnight of the business.
  slot     smallint  not null,
  n        bigint    not null,
  primary key (day, channel, slot),
  constraint slot_is_of_a_day check (slot between 0 and 95)
);

-- Everything that happened, by name: touches and our own facts.
create table insight.day_events (
  day   date    not null,
  name  text    not null,
  n     bigint  not null,
  primary key (day, name)
);

-- Orders as they were placed. What a till has taken stands with stock's receipts.
create table insight.day_orders (
  day          date    not null,
  channel      text    not null,
  currency     text    not null,
  orders       bigint  not null,
  total_minor  bigint  not null,
  primary key (day, channel, currency)
);
