//! The demonstration city 云州市: written down in `demo/*.json`, brought to life through the same functions
//! as the desk uses, so that every order has really gone its way.

mod beside;
mod calls;
mod catalogue;
mod chats;
mod data;
mod forms;
mod knowledge;
mod orders;
mod outbound;
mod staff;
mod state;
mod town;

use std::collections::HashMap;

use kernel::{BoxError, Ctx, Lang};
use portal::{DemoAccount, District, Shown};

use crate::City;

pub(crate) use data::{accounts, districts};
pub(crate) use state::states;

/// Says that the city in this data folder is whole.
const MARK: &str = "demonstration-city";

/// Returns what the pages show of the demonstration city; the portal shows accounts only where the
/// configuration says that it is one.
pub(crate) fn shown() -> Result<Shown, BoxError> {
    let (password, accounts) = accounts()?;
    let roles: HashMap<String, identity::Role> =
        identity::role::defaults::default_roles().into_iter().map(|role| (role.id.clone(), role)).collect();
    let accounts = accounts
        .into_iter()
        .map(|account| {
            let role =
                |lang| roles.get(&account.role).map_or_else(String::new, |role| role.name(lang).to_owned());
            DemoAccount {
                role_name: role(Lang::Zh),
                role_name_en: role(Lang::En),
                account: account.account,
                name: account.name,
                hint: account.hint,
                hint_en: account.hint_en,
            }
        })
        .collect();
    let districts = data::districts()?
        .into_iter()
        .map(|district| District { code: district.code, name: district.name })
        .collect();
    Ok(Shown { districts, password: Some(password), accounts })
}

/// Returns the streets, roads, quarters and landmarks of the demonstration city.
pub(crate) fn places() -> Result<Vec<bot::place_book::KnownPlace>, BoxError> {
    let mut all = Vec::new();
    for district in data::districts()? {
        let place = |name: &str, point: Option<(f64, f64)>| bot::place_book::KnownPlace {
            name: name.to_owned(),
            district: Some(district.name.clone()),
            lng: point.map(|(lng, _)| lng),
            lat: point.map(|(_, lat)| lat),
        };
        all.push(place(&district.name, None));
        for street in &district.streets {
            all.push(place(&street.name, None));
            for name in street.roads.iter().chain(&street.quarters).chain(&street.landmarks) {
                all.push(place(name, Some(street.centre)));
            }
        }
    }
    Ok(all)
}

/// Draws the map that the city stands on, and its districts, streets and cells. Returns how many tiles it has.
async fn ground(city: &City, ctx: &Ctx, written: &data::DemoCity) -> Result<usize, BoxError> {
    let town = town::draw(&written.districts)?;
    for (kind, areas) in &town.areas {
        city.map.add_areas(ctx, *kind, areas, true).await?;
    }
    let data_dir = city.kit.config.data_dir.clone();
    let told =
        map::base::Told { name: "云州市".to_owned(), attribution: "虚构地图 · 云州市".to_owned() };
    let write =
        tokio::task::spawn_blocking(move || map::base::write(&town.features, &told, &data_dir, &|| true));
    let made = write.await??;
    state::create(city, ctx, written).await?;
    Ok(made.tiles)
}

/// Creates the demonstration city unless it is there. Returns whether it made one.
///
/// # Errors
/// When the data folder holds something else, or an earlier creation was cut off.
pub(crate) async fn create(city: &City) -> Result<bool, BoxError> {
    let mark = city.kit.config.data_dir.join(MARK);
    if mark.exists() {
        return Ok(false);
    }
    if staff::anybody(city).await? {
        return Err(format!(
            "{} holds data but no finished demonstration city; choose an empty folder or delete this one",
            city.kit.config.data_dir.display()
        )
        .into());
    }
    let written = data::DemoCity::read()?;
    let now = city.kit.now();
    let ctx = Ctx::system("demo", now);
    tracing::info!("creating the demonstration city: its map");
    let tiles = ground(city, &ctx, &written).await?;
    tracing::info!(tiles, "the map is drawn; creating units and people");
    let staff = staff::create(city, &ctx, &written).await?;
    catalogue::publish(city, &ctx, &written).await?;
    let types = forms::publish(city, &ctx).await?;
    tracing::info!(
        units = written.units.len(),
        people = written.people.people.len(),
        "creating the knowledge base"
    );
    let told = knowledge::create(city, &written, &staff, now).await?;
    tracing::info!(entries = told, "the knowledge base is there; creating the orders");
    let past = calls::begin(city, &written, &staff, now).await?;
    let outcome = orders::create(city, &written, &staff, &types, &past, now).await?;
    for refusal in &outcome.refusals {
        tracing::warn!("{refusal}");
    }
    let beside = beside::create(city, &written, &staff, now).await?;
    tracing::info!(beside, "finds, promises and letters of units are there");
    let answered = calls::finish(city, &staff, &past).await?;
    tracing::info!(calls = answered, "the calls of the last days are there");
    outbound::create(city, &written, &staff, now).await?;
    let talks = chats::create(city, now).await?;
    tracing::info!(talks, "conversations with the robot are there");
    catalogue::begin_next(city, &Ctx::system("demo", city.kit.now())).await?;
    match city.bot.learn(&Ctx::system("demo", city.kit.now()), false).await {
        Ok(_) => {}
        Err(bot::error::BotError::Learn(reason)) => tracing::warn!(%reason, "nothing was learnt"),
        Err(error) => return Err(error.into()),
    }
    tracing::info!(orders = outcome.orders, steps = outcome.steps, "the demonstration city is there");
    std::fs::write(&mark, format!("{}\n", now.0))?;
    Ok(true)
}

#[cfg(test)]
mod tests;
