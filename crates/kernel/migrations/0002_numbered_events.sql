-- What waits for its number is not in the index of the numbers, so that a search for what waits takes the
-- index of what waits.
drop index kernel_outbox_seq;
create unique index kernel_outbox_seq on kernel_outbox (seq) where seq is not null;
drop index kernel_audit_seq;
create unique index kernel_audit_seq on kernel_audit (seq) where seq is not null;
