-- name: done
-- Which first steps are done, each known by what it leaves behind. Every one stops at the first row.
-- A source that an import made is no sender: its word is the file's.
select exists (select from ingest.sources
               where revoked_at is null and channel in ('web', 'app')
                 and name not like 'import %') as source,
       exists (select from ingest.sources s
               where s.name not like 'import %'
                 and exists (select from ingest.counters c where c.source_id = s.source_id))
         as event,
       (select count(*) from (select from auth.staff where disabled_at is null limit 2) as two) > 1
         as staff,
       exists (select from stock.locations) as places,
       exists (select from stock.items) as items,
       exists (select from stock.balances) as stock,
       exists (select from stock.receipts) as till;
