-- Which named region a promise was asked of; null where a point or whoever sends was meant.
alter table stock.regional_holds add column region_id text;
