create table cases_catalogue (
  id text primary key,
  version bigint not null,
  state text not null,
  note text not null,
  made_at bigint not null,
  made_by text not null,
  changed_at bigint not null,
  trial_at bigint,
  trial text,
  published_at bigint,
  published_by text
);
create unique index cases_catalogue_version on cases_catalogue (version);
create table cases_catalogue_row (
  id text primary key,
  catalogue_id text not null,
  code text not null,
  item text not null,
  category_code text,
  keywords text not null,
  unit_code text,
  co_unit_codes text not null,
  regions text not null,
  tier text,
  basis text not null,
  automatic bigint not null,
  active bigint not null,
  version bigint not null
);
create unique index cases_catalogue_row_code on cases_catalogue_row (catalogue_id, code);
create table cases_catalogue_choice (
  id text primary key,
  case_id text not null,
  at bigint not null,
  catalogue_id text not null,
  row_code text not null,
  proposed_unit_id text not null,
  chosen_unit_id text not null,
  manner text not null,
  reason text not null,
  chosen_by text not null
);
create index cases_catalogue_choice_case on cases_catalogue_choice (case_id, at);
create index cases_catalogue_choice_row on cases_catalogue_choice (row_code, at);
create table cases_run (
  id text primary key,
  kind text not null,
  state text not null,
  done bigint not null,
  total bigint not null,
  result text not null,
  file text,
  file_name text,
  file_type text,
  made_at bigint not null,
  made_by text not null,
  touched_at bigint not null
);
create index cases_run_made on cases_run (made_by, made_at);
alter table cases_case add column tier text;
