create table messages_citizen (
  id text primary key,
  case_id text not null,
  moment text not null,
  round bigint not null,
  way text not null,
  address text not null,
  subject text not null,
  body text not null,
  state text not null,
  tries bigint not null,
  next_at bigint not null,
  failure text,
  error text,
  made_at bigint not null,
  done_at bigint
);
create unique index messages_citizen_step on messages_citizen (case_id, moment, round);
create index messages_citizen_waiting on messages_citizen (state, next_at);

create table messages_citizen_text (
  moment text primary key,
  subject text not null,
  body text not null,
  version bigint not null,
  updated_at bigint not null,
  updated_by text not null
);
