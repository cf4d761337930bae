//! The city's forms and order types, and what was filled in for some of the orders.

use cases::case::Kind;
use cases::case::order_type::{OrderTypeDraft, Template};
use cases::store::form_answer::Filling;
use kernel::{BoxError, Ctx};
use serde_json::{Map, Value, json};

use super::data::Order;
use crate::City;

/// A form, with the orders that are filled in with it.
struct Matter {
    form: &'static str,
    schema: &'static str,
    zh: &'static str,
    en: &'static str,
    kind: Kind,
    /// Orders of these categories.
    category: &'static str,
    for_citizens: bool,
    template: (&'static str, &'static str, &'static str),
}

const MATTERS: [Matter; 3] = [
    Matter {
        form: "street-lamp",
        schema: include_str!("../../demo/forms/street-lamp.json"),
        zh: "路灯报修",
        en: "Street lamp repair",
        kind: Kind::Repair,
        category: "0202",
        for_citizens: true,
        template: (
            "整段不亮",
            "路段路灯整段不亮",
            "该路段路灯整段不亮，夜间行人车辆通行不便，请尽快派员检修。",
        ),
    },
    Matter {
        form: "noise",
        schema: include_str!("../../demo/forms/noise.json"),
        zh: "噪声投诉",
        en: "Noise complaint",
        kind: Kind::Complaint,
        category: "0401",
        for_citizens: true,
        template: (
            "夜间施工",
            "工地夜间施工噪声扰民",
            "工地夜间持续施工，噪声严重影响周边居民休息，请核查是否取得夜间施工许可并及时制止。",
        ),
    },
    Matter {
        form: "enterprise",
        schema: include_str!("../../demo/forms/enterprise.json"),
        zh: "企业诉求",
        en: "Request of an enterprise",
        kind: Kind::Consult,
        category: "1501",
        for_citizens: false,
        template: (
            "奖补兑现",
            "咨询奖补资金拨付进度",
            "企业已通过认定并公示，咨询奖补资金的拨付时间和办理进度。",
        ),
    },
];

/// The order types as they were made.
pub(super) struct Types(Vec<(&'static Matter, String, String)>);

/// Publishes the forms and makes the order types.
pub(super) async fn publish(city: &City, ctx: &Ctx) -> Result<Types, BoxError> {
    let mut types = Vec::new();
    for (ordinal, matter) in (1..).zip(&MATTERS) {
        let form_id = city.cases.publish_form(ctx, matter.form, matter.schema, "初版").await?;
        let (name, title, content) = matter.template;
        let draft = OrderTypeDraft {
            zh: matter.zh.to_owned(),
            en: matter.en.to_owned(),
            kind: matter.kind,
            category_id: None,
            form_name: Some(matter.form.to_owned()),
            flow_name: None,
            for_citizens: matter.for_citizens,
            active: true,
            ordinal: ordinal * 10,
            templates: vec![Template {
                name: name.to_owned(),
                title: title.to_owned(),
                content: content.to_owned(),
                ..Template::default()
            }],
        };
        types.push((matter, city.cases.add_order_type(ctx, &draft).await?, form_id));
    }
    Ok(Types(types))
}

impl Types {
    /// Returns what was filled in for an order, where it is one of these matters.
    pub(super) fn filling(&self, order: &Order) -> Option<Filling> {
        let (matter, order_type_id, form_id) = self.0.iter().find(|(matter, ..)| {
            order.category.starts_with(matter.category)
                && order.case_type == matter.kind.code()
                && (matter.for_citizens || order.by.is_some())
        })?;
        Some(Filling {
            order_type_id: order_type_id.clone(),
            form_id: Some(form_id.clone()),
            answers: answers(matter.form, order),
        })
    }
}

/// Believable answers, different from order to order and always the same for one.
fn answers(form: &str, order: &Order) -> Map<String, Value> {
    let n = order.key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let answers = match form {
        "street-lamp" => json!({
            "lamp_no": format!("YZ-{:04}", n % 9000 + 100),
            "fault": (["dark", "flicker", "broken"][n as usize % 3]),
            "count": n % 12 + 1,
        }),
        "noise" => json!({
            "source": source_of(&order.title),
            "slots": [
                { "day": "every", "from": format!("{:02}:30", 18 + n % 5), "to": format!("{:02}:00", (23 + n % 3) % 24) },
                { "day": "weekend", "from": "06:00", "to": "07:30" },
            ],
            "evidence": ["audio", "witness"],
        }),
        _ => json!({
            "firm_name": (["云州启明机械有限公司", "云州禾味食品有限公司", "云州青石软件科技有限公司"][n as usize % 3]),
            "trade": (["machine", "food", "soft"][n as usize % 3]),
            "staff": n % 180 + 8,
            "asks": [
                { "kind": "grant", "what": order.title, "amount": f64::from(n % 400) / 10.0 + 5.0 },
                { "kind": "other", "what": "希望明确办理时限和联系人" },
            ],
        }),
    };
    answers.as_object().cloned().unwrap_or_default()
}

/// Where a noise comes from, by the words of the title.
fn source_of(title: &str) -> &'static str {
    let words = [
        ("工地", "site"),
        ("钢筋", "factory"),
        ("水泵", "factory"),
        ("外机", "shop"),
        ("足浴", "shop"),
        ("夜市", "shop"),
        ("摩托", "traffic"),
    ];
    words.iter().find(|(word, _)| title.contains(word)).map_or("square", |(_, source)| source)
}
