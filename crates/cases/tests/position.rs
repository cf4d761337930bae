//! Positions that clerks measure on the spot.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn the_unit_in_charge_puts_the_order_where_it_stands() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let spot = json!({ "lng": 121.4737, "lat": 31.2304, "accuracy_m": 12.5 });
        world.try_act("agent", &case, "position", spot.clone()).await.refused(403, "permission.denied");
        let beyond = json!({ "lng": 181.0, "lat": 31.2 });
        world.try_act("water_clerk", &case, "position", beyond).await.refused(422, "invalid");
        let after = world.act("water_clerk", &case, "position", spot.clone()).await;
        assert_eq!(
            (&after["place"]["lng"], &after["place"]["address"]),
            (&spot["lng"], &case["place"]["address"])
        );
        world.try_act("water_clerk", &case, "position", spot).await.refused(409, "stale_version");
        assert_eq!(world.kinds(&case).await.last().unwrap(), "located");
    })
    .await;
}
