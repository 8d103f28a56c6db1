-- A foreign key looks for the identifier of each trait and of each search token again: half of what
-- somebody new cost the database. Who writes them has just made the identifier, or holds its row
-- (`keys` in the vault's store): nobody can be erased in between.
alter table vault.traits drop constraint traits_identifier_id_fkey;
alter table vault.search_tokens drop constraint search_tokens_identifier_id_fkey;
