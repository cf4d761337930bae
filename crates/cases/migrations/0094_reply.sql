alter table cases_case add column reply_way text;
alter table cases_case add column reply_to text;

create table cases_telling (
  case_id text not null,
  moment text not null,
  round bigint not null,
  way text not null,
  failure text,
  at bigint not null,
  primary key (case_id, moment, round)
);
