-- As the log of a day (0255): keys of writes are only ever found by the key, their table grows with
-- each of them, and how their values are spread was counted from 30,000 rows every ten seconds.
select log.sample_little('combine.claims');
