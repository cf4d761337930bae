create table cases_template (
  id text primary key,
  name text not null,
  purpose text not null,
  kind text not null,
  blob text not null,
  digest text not null,
  shipped text,
  active bigint not null,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
create unique index cases_template_shipped on cases_template (shipped) where shipped is not null;
alter table cases_run add column stop_at bigint;
create index cases_run_file on cases_run (touched_at) where file is not null;
