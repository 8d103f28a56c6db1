-- name: waiting_jobs
-- Jobs that should have begun and have not.
select count(*) from jobs.pgqueuer where status = 'queued' and execute_after <= now();
