-- What units promise citizens: service, content, standard, process, limit, basis. What everybody reads is the
-- copy that an editor published.
create table cases_commitment (
  id text primary key,
  unit_id text not null,
  unit_path text not null,
  service text not null,
  audience text not null,
  content text not null,
  standard text not null,
  process text not null,
  time_limit text not null,
  basis text not null,
  contact text not null,
  state text not null,
  note text,
  published text,
  published_text text,
  published_at bigint,
  published_by text,
  updated_by text not null,
  created_at bigint not null,
  updated_at bigint not null,
  version bigint not null
);
create unique index cases_commitment_service on cases_commitment (unit_id, service);
create index cases_commitment_state on cases_commitment (state, id);
create index cases_commitment_published on cases_commitment (published_at) where published_at is not null;
