-- How long a hold was asked for, written when it is first extended: by how much her activity may
-- let it last goes by this, whatever was added since. Null: it never was, so its times tell.
alter table stock.holds add column length_s integer;
alter table stock.holds add constraint length_is_positive check (length_s > 0) not valid;
