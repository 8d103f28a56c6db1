-- A day's sums may grow beyond 32 bits where goods are counted by the gram, and where somebody tries.
alter table stock.sales_days
  alter column sold type bigint,
  alter column returned type bigint;
