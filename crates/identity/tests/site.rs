//! A city with a centre, a bureau with an office, and people who can sign in.
#![expect(clippy::unwrap_used, reason = "runs in tests only, where a panic is the report")]

use std::sync::{Arc, OnceLock};

use contract::identity::{PersonId, UnitId};
use identity::{Identity, NewPassword, NewPerson, NewUnit, ROOT_UNIT_ID};
use kernel::http::Idem;
use serde_json::{Value, json};
use testkit::{Client, Site, TestServer};

/// The password of everybody.
pub const PASSWORD: &str = "Yun-Zhou-2026";

pub struct City {
    pub site: Site,
    pub identity: Identity,
    pub server: TestServer,
}

/// Units and people: account, role, unit.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("agent1", "agent", ROOT_UNIT_ID),
    ("leader1", "shift_leader", ROOT_UNIT_ID),
    ("watch1", "supervision", ROOT_UNIT_ID),
    ("sys1", "system_admin", ROOT_UNIT_ID),
    ("sec1", "security_admin", ROOT_UNIT_ID),
    ("sec2", "security_admin", ROOT_UNIT_ID),
    ("aud1", "audit_admin", ROOT_UNIT_ID),
    ("clerk1", "unit_clerk", "bureau"),
    ("chief1", "unit_leader", "bureau"),
    ("office1", "unit_clerk", "office"),
];

pub async fn city(site: Site) -> City {
    site.migrate("identity", identity::MIGRATIONS).await;
    let identity = Identity::new(site.kit.clone());
    identity.bootstrap("云州市12345热线中心").await.unwrap();
    site.kit.gate.set(Arc::new(identity.clone()));
    let ctx = site.ctx();
    for (id, parent) in [("bureau", ROOT_UNIT_ID), ("office", "bureau"), ("works", ROOT_UNIT_ID)] {
        let unit = NewUnit {
            id: Some(UnitId::from(id)),
            parent_id: Some(UnitId::from(parent)),
            code: id.to_owned(),
            name: format!("{id}局"),
            ..NewUnit::default()
        };
        identity.create_unit(&ctx, unit, &Idem::none()).await.unwrap();
    }
    for (account, role, unit) in PEOPLE {
        identity.create_person(&ctx, person(account, role, unit), &Idem::none()).await.unwrap();
    }
    let server = TestServer::new(&site, vec![identity.slice().router]);
    City { site, identity, server }
}

pub fn person(account: &str, role: &str, unit: &str) -> NewPerson {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| identity::hash_password(PASSWORD).unwrap());
    NewPerson {
        id: Some(PersonId::from(account)),
        account: account.to_owned(),
        name: format!("{account}先生"),
        job_no: None,
        phone: None,
        email: None,
        unit_id: UnitId::from(unit),
        roles: vec![role.to_owned()],
        password: NewPassword::Hash(hash.clone()),
        must_change: false,
    }
}

impl City {
    /// Returns a client that is signed in.
    pub async fn client(&self, account: &str) -> Client {
        let mut client = self.server.anonymous();
        client.post("/session", json!({"account": account, "password": PASSWORD})).await.done();
        client
    }

    /// Reads a list to its end, `limit` rows at a time.
    pub async fn all(&self, client: &mut Client, path: &str, limit: u32) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let mut found = Vec::new();
        let mut cursor = String::new();
        for _ in 0..100 {
            let page = client.get(&format!("{path}{joint}limit={limit}{cursor}")).await.ok();
            let items = page["items"].as_array().unwrap().clone();
            assert!(items.len() <= limit as usize);
            found.extend(items);
            match page["next_cursor"].as_str() {
                Some(word) => cursor = format!("&cursor={word}"),
                None => return found,
            }
        }
        panic!("{path} has no end");
    }
}
