-- What the people who run a chain look at: releases and how their lines go, what a place keeps.

-- A release may be ended before its time. Its times as planned stay, for whoever asks later.
alter table stock.releases add column ended_at timestamptz;
create index releases_newest on stock.releases (opens_at desc, release_id desc);

-- How the line goes now: who comes next, who has the turn, who took.
create index release_tickets_turn on stock.release_tickets (release_id, turn_at)
  where turn_at is not null;
create index release_tickets_took on stock.release_tickets (release_id) where taken > 0;

-- What a place keeps back, by channel and on show: few rows among millions.
create index allocations_place on stock.allocations (location_id, sku, channel);
create index balances_display on stock.balances (location_id, sku) where display > 0;
