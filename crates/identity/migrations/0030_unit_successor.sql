-- Who took over what a dissolved unit had.
alter table identity_unit add column successor_id text;
