-- Where a person gets letters by e-mail.
alter table identity_person add column email text;
