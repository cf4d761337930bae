-- What a run does with many orders, so that it can be gone on with after it was cut off.
create table cases_bulk_run (
  run_id text primary key,
  act text not null,
  text text not null,
  unit_id text not null,
  ids text not null,
  made_by text not null,
  started_at bigint not null
);
