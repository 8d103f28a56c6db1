-- Whether it was told how large a segment would have been on the days before it was defined: worked
-- out once for each, behind its first filling.
alter table customers.segments add column is_past_told boolean not null default false;
