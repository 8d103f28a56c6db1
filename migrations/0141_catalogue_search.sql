-- Finding items by a piece of their name among a million, in Japanese as well: whatever is in a text,
-- its short pieces are too, so an index of these finds the few texts to look at.

create function stock.search_form(said text) returns text
  language sql immutable strict parallel safe
  return lower(normalize(said, nfkc));

-- Pairs of letters, and threes of the alphabet and digits, of which pairs are everywhere.
create function stock.letter_groups(said text) returns text[]
  language sql immutable strict parallel safe
  return (select coalesce(array_agg(distinct g.letters), '{}')
            from generate_series(1, length(said) - 1) as i
           cross join lateral (
                 select case when octet_length(substr(said, i, 2)) > 2 then substr(said, i, 2)
                             when octet_length(substr(said, i, 3)) = 3 then substr(said, i, 3)
                        end as letters) as g
           where g.letters is not null);

-- What an item is found by. A single letter is a word where it is none of the alphabet.
create function stock.search_keys(said text) returns text[]
  language sql immutable strict parallel safe
  return stock.letter_groups(said) || array(
           select distinct c from regexp_split_to_table(said, '') as c where octet_length(c) > 1);

alter table stock.items
  add column search_text text not null generated always as (
    stock.search_form(sku || chr(10) || name_ja || chr(10) || name_en || chr(10)
                      || coalesce(product_id, ''))) stored;
create index items_search on stock.items using gin (stock.search_keys(search_text));
