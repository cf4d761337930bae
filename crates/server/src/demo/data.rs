//! The demonstration city as it is written down in `demo/*.json`.

use serde::Deserialize;

/// What a file could not be read as.
pub(crate) type Result<T> = std::result::Result<T, serde_json::Error>;

#[derive(Debug, Deserialize)]
pub(crate) struct Unit {
    pub code: String,
    pub parent: Option<String>,
    pub name: String,
    pub kind: String,
    pub phone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Person {
    pub account: String,
    pub name: String,
    pub unit: String,
    pub roles: Vec<String>,
    pub job_no: Option<String>,
    pub seat: Option<String>,
    pub skills: Vec<String>,
}

/// An account that the sign-in page of the demonstration city offers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DemoAccount {
    pub account: String,
    pub role: String,
    pub name: String,
    pub hint: String,
    pub hint_en: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct People {
    pub demo_password: String,
    pub demo_accounts: Vec<DemoAccount>,
    pub people: Vec<Person>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Category {
    pub code: String,
    pub parent: Option<String>,
    pub name: String,
    #[serde(rename = "type")]
    pub default_type: Option<String>,
    pub unit: Option<String>,
    #[serde(default)]
    pub keywords: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Contact {
    pub name: String,
    pub phone: String,
    pub gender: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub step: String,
    pub by: Option<String>,
    pub hours_after: f64,
    pub text: String,
    pub unit: Option<String>,
    #[serde(default)]
    pub co_units: Vec<String>,
    pub decision: Option<String>,
    pub stars: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub key: String,
    #[serde(rename = "type")]
    pub case_type: String,
    pub category: String,
    pub title: String,
    pub content: String,
    pub district: String,
    pub address: String,
    pub lng: f64,
    pub lat: f64,
    pub contact: Contact,
    pub source: String,
    pub by: Option<String>,
    pub days_ago: i64,
    pub hour: u32,
    pub minute: u32,
    pub urgency: String,
    pub confidential: bool,
    pub opinion: Option<String>,
    pub answer: Option<String>,
    pub story: Vec<Step>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct District {
    pub code: String,
    pub region_code: String,
    pub name: String,
    #[serde(default)]
    pub streets: Vec<Street>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Street {
    pub code: String,
    pub region_code: String,
    pub name: String,
    pub centre: (f64, f64),
    #[serde(default)]
    pub roads: Vec<String>,
    #[serde(default)]
    pub quarters: Vec<String>,
    #[serde(default)]
    pub landmarks: Vec<String>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct DemoCity {
    pub units: Vec<Unit>,
    pub people: People,
    pub categories: Vec<Category>,
    pub districts: Vec<District>,
    pub orders: Vec<Order>,
}

impl DemoCity {
    /// Reads all files.
    pub(crate) fn read() -> Result<Self> {
        #[derive(Deserialize)]
        struct Units {
            units: Vec<Unit>,
        }
        #[derive(Deserialize)]
        struct Categories {
            categories: Vec<Category>,
        }
        #[derive(Deserialize)]
        struct Orders {
            cases: Vec<Order>,
        }
        let mut orders = Vec::new();
        for text in ORDERS {
            orders.extend(serde_json::from_str::<Orders>(text)?.cases);
        }
        Ok(Self {
            units: serde_json::from_str::<Units>(include_str!("../../demo/units.json"))?.units,
            people: serde_json::from_str(PEOPLE)?,
            categories: serde_json::from_str::<Categories>(include_str!("../../demo/categories.json"))?
                .categories,
            districts: districts()?,
            orders,
        })
    }
}

const PEOPLE: &str = include_str!("../../demo/people.json");

const ORDERS: [&str; 7] = [
    include_str!("../../demo/cases-01.json"),
    include_str!("../../demo/cases-02.json"),
    include_str!("../../demo/cases-03.json"),
    include_str!("../../demo/cases-04.json"),
    include_str!("../../demo/cases-05.json"),
    include_str!("../../demo/cases-06.json"),
    include_str!("../../demo/cases-07.json"),
];

/// Returns the password of all demonstration accounts and those that the sign-in page offers.
pub(crate) fn accounts() -> Result<(String, Vec<DemoAccount>)> {
    let people: People = serde_json::from_str(PEOPLE)?;
    Ok((people.demo_password, people.demo_accounts))
}

/// Returns the districts of the demonstration city.
pub(crate) fn districts() -> Result<Vec<District>> {
    #[derive(Deserialize)]
    struct Districts {
        districts: Vec<District>,
    }
    Ok(serde_json::from_str::<Districts>(include_str!("../../demo/districts.json"))?.districts)
}
