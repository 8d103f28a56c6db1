-- name: clear
-- A stage that was interrupted begins anew.
truncate vault.search_tokens, vault.traits, vault.identifiers, customers.traits, customers.links,
         customers.identifiers, customers.customers cascade;
