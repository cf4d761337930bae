create table contacts_contact (
  id text primary key,
  name text not null,
  gender text,
  address text,
  district text,
  note text,
  tags text not null,
  version bigint not null,
  created_at bigint not null,
  updated_at bigint not null
);
create index contacts_contact_recent on contacts_contact (updated_at desc, id desc);
create index contacts_contact_name on contacts_contact (name);
create table contacts_phone (
  id text primary key,
  contact_id text not null references contacts_contact (id),
  number text not null,
  is_primary bigint not null,
  last_used_at bigint not null
);
create unique index contacts_phone_of on contacts_phone (contact_id, number);
create index contacts_phone_number on contacts_phone (number, last_used_at desc);
