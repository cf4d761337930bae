create table cases_limit_rule (
  id text primary key,
  name text not null,
  type text,
  tier text,
  unit_id text,
  category_id text,
  length text not null,
  near_percent bigint,
  priority bigint not null,
  effective_from bigint not null,
  active bigint not null,
  note text not null,
  version bigint not null,
  changed_at bigint not null,
  changed_by text not null
);
alter table cases_deadline add column measure text;
alter table cases_deadline add column rule text;
