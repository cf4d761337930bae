-- What the shipped version granted a role when the city last took it over; none for roles older than this.
alter table identity_role add column shipped text;
