//! An entry out of an order that was answered: the question, the answer, and nothing of the citizen.

use contract::cases::AnsweredCase;
use contract::knowledge::Audience;
use lang::extract::extract;
use lang::lexicon::Lexicon;

use crate::entry::{Answer, Content, Kind, NOTE_MAX, TITLE_MAX};
use crate::text;

/// Characters of an answer that are taken over.
const ANSWER_MAX: usize = 20_000;
/// Shortest name that is taken out wherever it stands; a lone character is a part of other words.
const NAME_MIN: usize = 2;

/// Makes the first draft of an entry. The answer is for staff until its author says otherwise.
#[must_use]
pub fn draft_of(order: &AnsweredCase, now: chrono::NaiveDateTime, lexicon: &Lexicon) -> Content {
    let clean = |text: &str| without_people(text, &order.contact_name, now, lexicon);
    let short = |text: String, most: usize| text.trim().chars().take(most).collect::<String>();
    let answer: String = order.answer.chars().take(ANSWER_MAX).collect();
    Content {
        title: short(clean(&order.title), TITLE_MAX),
        description: short(clean(&order.content), NOTE_MAX),
        kind: Some(Kind::Faq),
        answers: vec![Answer {
            html: text::paragraphs(&clean(&answer)),
            audience: Audience::Internal,
            ..Answer::default()
        }],
        remark: format!("由工单 {} 整理 / from order {}", order.number, order.number),
        ..Content::default()
    }
}

/// Takes telephone numbers and names out of a text.
fn without_people(text: &str, name: &str, now: chrono::NaiveDateTime, lexicon: &Lexicon) -> String {
    let mut out = text.to_owned();
    let facts = extract(text, now, lexicon);
    for phone in &facts.phones {
        out = out.replace(&phone.text, "〔电话〕");
    }
    let people = facts.people.iter().map(|person| person.text.as_str());
    for person in people.chain([name.trim()]).filter(|person| person.chars().count() >= NAME_MIN) {
        out = out.replace(person, "〔姓名〕");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_citizen_is_left_and_the_answer_is_for_staff() {
        let order = AnsweredCase {
            number: "YZ202603020001".to_owned(),
            title: "李国强反映水表检定收费".to_owned(),
            content: "李国强来电，电话19900001234，询问水表检定怎么收费。".to_owned(),
            answer: "李先生您好：\n水表检定每只30元，<b>凭身份证</b>办理。可致电0600-2345678。".to_owned(),
            contact_name: "李国强".to_owned(),
        };
        let now = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap().and_hms_opt(9, 0, 0).unwrap();
        let draft = draft_of(&order, now, &Lexicon::new([]));
        let said = serde_json::to_string(&draft).unwrap();
        for secret in ["李国强", "19900001234"] {
            assert!(!said.contains(secret), "{said}");
        }
        assert!(said.contains("30元") && said.contains("YZ202603020001"));
        assert_eq!(draft.answers[0].audience, Audience::Internal);
        assert!(!draft.answers[0].html.contains("<b>"), "what an office wrote is text");
        assert!(draft.check_draft().is_ok());
    }
}
