//! What other slices ask, and what a second process sees.

use contract::identity::Directory as _;
use identity::{Identity, PersonChange};
use testkit::on_both;

use crate::site::city;

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_who_belongs_where() {
    on_both(|site| async move {
        let city = city(site).await;
        let identity = &city.identity;
        let office = identity.unit_by_code("office").await.unwrap().unwrap();
        assert_eq!(office.level, 3);
        let under: Vec<_> = identity.units_under(&"bureau".into()).await.unwrap();
        assert_eq!(under.iter().map(|unit| unit.code.as_str()).collect::<Vec<_>>(), ["bureau", "office"]);
        let able = identity.people_with(&"bureau".into(), "case.accept").await.unwrap();
        assert_eq!(able.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["clerk1"]);
        assert!(identity.unit(&"nowhere".into()).await.unwrap().is_none());
        assert!(identity.units_under(&"nowhere".into()).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_notices_within_seconds() {
    on_both(|site| async move {
        let city = city(site).await;
        let other = Identity::new(city.site.kit.clone());
        other.bootstrap("不会再建").await.unwrap();
        let ctx = city.site.ctx();
        let change =
            PersonChange { version: 1, name: Some("新名字".to_owned()), ..PersonChange::default() };
        city.identity.change_person(&ctx, &"clerk1".into(), change).await.unwrap();
        city.site.clock.advance_millis(2000);
        let seen = other.person(&"clerk1".into()).await.unwrap().unwrap();
        assert_eq!(seen.name, "新名字");
        assert_eq!(other.units_under(&other.root_unit_id()).await.unwrap().len(), 4, "one centre only");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_makes_three_administrators_once() {
    on_both(|site| async move {
        site.migrate("identity", identity::MIGRATIONS).await;
        let identity = Identity::new(site.kit.clone());
        identity.bootstrap("云州市12345热线中心").await.unwrap();
        let first = identity.create_first_accounts().await.unwrap();
        assert_eq!(
            first.iter().map(|one| one.role_id).collect::<Vec<_>>(),
            ["system_admin", "security_admin", "audit_admin"]
        );
        assert!(identity.create_first_accounts().await.unwrap().is_empty());
    })
    .await;
}
