//! How the citizen is told of the result: the agreed way, when it is due, and telling by telephone (FBK-01, FBK-07).

use contract::contacts::mask_phone;
use serde_json::json;

use super::change::{Change, CourseInput, Fact};
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use super::word::words;
use super::{Case, Citizen, Status, Step, draft};
use crate::error::{CaseError, Check, TEXT_MAX};

/// The longest number or address, in characters.
pub const TO_MAX: usize = 100;

words!(
    /// How a citizen is told.
    ReplyWay {
        /// Somebody calls.
        Phone = "phone", "电话", "Phone";
        /// A short message.
        Sms = "sms", "短信", "SMS";
        /// A mail.
        Email = "email", "电子邮件", "E-mail";
        /// A fax; somebody calls first and sends it.
        Fax = "fax", "传真", "Fax";
    }
);

/// What was agreed with the citizen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The way.
    pub way: ReplyWay,
    /// The mail address or fax number, or another number than the one to call back.
    pub to: Option<String>,
}

impl ReplyWay {
    /// Tells whether a text goes out.
    #[must_use]
    pub fn is_written(self) -> bool {
        matches!(self, Self::Sms | Self::Email)
    }

    /// Hides the middle of a number, or the name of an address.
    #[must_use]
    pub fn masked(self, to: &str) -> String {
        match to.split_once('@') {
            Some((name, host)) if self == Self::Email => {
                format!("{}***@{host}", name.chars().next().unwrap_or('*'))
            }
            _ => mask_phone(to),
        }
    }
}

/// When a citizen is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The unit has reported, the centre has not looked yet.
    Feedback,
    /// The result stands.
    Result,
}

impl Moment {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Result => "result",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Feedback, Self::Result].into_iter().find(|moment| moment.code() == code)
    }
}

/// Tells whether a text can be a mail address: one `@`, a dot behind it, no blanks.
fn is_mail(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else { return false };
    !name.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !host.contains('@')
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>,;\"".contains(c))
}

/// Tells whether a number gets short messages: a mobile number of mainland China, with or without its prefix.
fn is_mobile(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let own = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")).unwrap_or(&digits);
    own.len() == 11 && own.starts_with('1') && draft::is_phone(text)
}

impl Reply {
    /// Takes what was typed; blanks are nothing.
    #[must_use]
    pub fn new(way: ReplyWay, to: Option<&str>) -> Self {
        Self { way, to: to.map(str::trim).filter(|to| !to.is_empty()).map(ToOwned::to_owned) }
    }

    /// Returns the number or address that the way leads to.
    #[must_use]
    pub fn address<'a>(&'a self, phone: Option<&'a str>) -> Option<&'a str> {
        let own = self.to.as_deref();
        match self.way {
            ReplyWay::Phone | ReplyWay::Sms => own.or(phone),
            ReplyWay::Email | ReplyWay::Fax => own,
        }
    }

    /// Checks that the way leads somewhere.
    pub(crate) fn check(&self, check: &mut Check, phone: Option<&str>) {
        check.optional("reply.to", self.to.as_deref().unwrap_or_default(), TO_MAX);
        let (fits, zh, en) = match self.way {
            ReplyWay::Email => (
                self.address(phone).is_some_and(is_mail),
                "请填写正确的电子邮箱。",
                "Please write a mail address.",
            ),
            ReplyWay::Sms => (
                self.address(phone).is_some_and(is_mobile),
                "短信答复需要手机号码，请填写手机号。",
                "Short messages need a mobile number.",
            ),
            ReplyWay::Phone => (
                self.address(phone).is_some_and(draft::is_phone),
                "电话答复需要联系电话。",
                "Please write the number to call.",
            ),
            ReplyWay::Fax => (
                self.address(phone).is_some_and(draft::is_phone),
                "请填写传真号码。",
                "Please write the fax number.",
            ),
        };
        if !fits {
            check.refuse("reply.to", "malformed", zh, en);
        }
    }
}

/// Agrees on another way.
///
/// # Errors
/// [`CaseError::Invalid`] for a way that leads nowhere.
pub fn agree(citizen: &mut Citizen, reply: Reply) -> Result<Change, CaseError> {
    let mut check = Check::default();
    reply.check(&mut check, citizen.phone.as_deref());
    check.done()?;
    let to = |reply: &Reply| reply.address(citizen.phone.as_deref()).map(|to| reply.way.masked(to));
    let before = citizen.reply.as_ref();
    let data = json!({
        "way": reply.way.code(),
        "to": to(&reply),
        "way_before": before.map(|one| one.way.code()),
        "to_before": before.and_then(to),
    });
    citizen.reply = Some(reply);
    Ok(Change::new(EntryKind::ReplyAgreed, "case.reply").with(data))
}

/// Tells whether a text with the query code would go where none has gone yet: neither to the number that the citizen
/// gave nor to where texts go already.
#[must_use]
pub fn needs_code(citizen: &Citizen, reply: &Reply) -> bool {
    let phone = citizen.phone.as_deref();
    let to = reply.address(phone);
    let before = citizen.reply.as_ref().filter(|one| one.way.is_written());
    reply.way.is_written() && to != phone && to != before.and_then(|one| one.address(phone))
}

/// Tells whether what was to be told at a moment of a round stands: the order was neither taken up again nor sent
/// back nor ended since, and what the unit reported is not yet overtaken by the result.
#[must_use]
pub fn holds(case: &Case, moment: Moment, round: i64) -> bool {
    let settled = case.status.is_settled() || (case.status == Status::Merged && case.settled_at.is_some());
    round == case.reopened
        && match moment {
            Moment::Feedback => case.status == Status::Handled,
            Moment::Result => settled,
        }
}

/// Tells what the citizen has to hear after facts, by the city's rules.
#[must_use]
pub fn due(facts: &[Fact], rules: &OperationRules) -> Option<Moment> {
    facts.iter().find_map(|fact| match fact {
        Fact::Closed(_) => Some(Moment::Result),
        Fact::FeedbackGiven(_) if rules.tell_on_feedback => Some(Moment::Feedback),
        _ => None,
    })
}

/// Tells whether facts make an open call pointless: what should be told does not hold any more.
#[must_use]
pub fn is_off(facts: &[Fact]) -> bool {
    facts.iter().any(|fact| match fact {
        Fact::Reopened(_) | Fact::Ended(_) => true,
        Fact::Reviewed(event) => event.step == Step::ResultReview.code() && event.decision == "back",
        _ => false,
    })
}

/// Tells whether somebody has to call about a moment, since no other call is on the way. Who was answered on the
/// telephone has heard it.
#[must_use]
pub fn needs_call(case: &Case, moment: Moment, rules: &OperationRules) -> bool {
    let Some(reply) = &case.citizen.reply else { return false };
    let calling = case.task(Step::Telling).is_some() || case.task(Step::ReturnVisit).is_some();
    match (reply.way, moment) {
        _ if calling => false,
        (ReplyWay::Phone, Moment::Result) => case.status != Status::ClosedAtOnce,
        (ReplyWay::Fax, Moment::Result) => true,
        (ReplyWay::Phone | ReplyWay::Fax, Moment::Feedback) => rules.call_on_feedback,
        (ReplyWay::Sms | ReplyWay::Email, _) => false,
    }
}

/// What came of a call.
#[derive(Clone, Debug)]
pub struct Telling {
    /// Whether the citizen was told.
    pub told: bool,
    /// Whether nobody shall try again.
    pub give_up: bool,
    /// What was said; required when the citizen was not told.
    pub note: String,
}

/// Writes a call down; the task stays until the citizen was told or nobody shall try again.
///
/// # Errors
/// [`CaseError::Invalid`] when nothing says why the citizen was not told.
pub fn tell(case: &Case, telling: &Telling) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if telling.told {
        check.optional("note", &telling.note, TEXT_MAX);
    } else {
        check.text("note", &telling.note, TEXT_MAX);
    }
    check.done()?;
    let way = case.citizen.reply.as_ref().map_or(ReplyWay::Phone, |reply| reply.way);
    let way = if way == ReplyWay::Fax { way } else { ReplyWay::Phone };
    let kind = if telling.told { EntryKind::CitizenTold } else { EntryKind::CitizenNotTold };
    let change = Change::new(kind, "case.telling").saying(&telling.note).with(json!({ "way": way.code() }));
    Ok(if telling.told || telling.give_up {
        change.steering(CourseInput::CloseAside { step: Step::Telling })
    } else {
        change
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(way: ReplyWay, to: Option<&str>, phone: Option<&str>, fits: bool) {
        let mut check = Check::default();
        Reply::new(way, to).check(&mut check, phone);
        assert_eq!(check.done().is_ok(), fits, "{way:?} {to:?} {phone:?}");
    }

    #[test]
    fn a_way_has_to_lead_somewhere() {
        check(ReplyWay::Phone, None, Some("0871-6312345"), true);
        check(ReplyWay::Phone, None, None, false);
        check(ReplyWay::Sms, None, Some("13900001234"), true);
        check(ReplyWay::Sms, None, Some("+86 139 0000 1234"), true);
        check(ReplyWay::Sms, None, Some("0871-6312345"), false);
        check(ReplyWay::Sms, Some(" 13900001235 "), Some("0871-6312345"), true);
        check(ReplyWay::Email, Some("zhou@example.cn"), None, true);
        check(ReplyWay::Email, Some("zhou@example.cn, x@y.cn"), None, false);
        check(ReplyWay::Email, Some("周女士"), Some("13900001234"), false);
        check(ReplyWay::Email, None, Some("13900001234"), false);
        check(ReplyWay::Fax, Some("0871-6312345"), None, true);
        check(ReplyWay::Fax, None, Some("13900001234"), false);
        check(ReplyWay::Email, Some(&format!("{}@example.cn", "z".repeat(200))), None, false);
    }
}
