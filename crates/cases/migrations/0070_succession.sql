-- Units that were dissolved, and how far what they had has been handed over.
create table cases_succession (
  unit_id text primary key,
  unit_code text not null,
  unit_name text not null,
  successor_id text,
  state text not null,
  moved bigint not null,
  catalogue_version bigint,
  catalogue_done bigint not null,
  next_at bigint not null,
  dissolved_at bigint not null,
  done_at bigint
);
