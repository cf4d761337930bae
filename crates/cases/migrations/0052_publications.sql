create table cases_publication (
  id text primary key,
  case_id text not null,
  category_id text,
  category_name text not null,
  unit_name text not null,
  title text not null,
  content text not null,
  result text not null,
  received_at bigint not null,
  settled_at bigint not null,
  state text not null,
  published_at bigint not null,
  published_by text not null,
  withdrawn_at bigint,
  withdrawn_by text,
  version bigint not null
);
create unique index cases_publication_case on cases_publication (case_id);
create index cases_publication_shown on cases_publication (state, published_at, id);
create index cases_case_settled on cases_case (settled_at) where settled_at is not null;
