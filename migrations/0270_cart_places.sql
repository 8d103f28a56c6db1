-- Which shops a cart without a name was filled in or shown to: their staff may change it. A constant
-- default, so no row is written. With the cart it goes.

alter table stock.carts add column places text[] not null default '{}';
