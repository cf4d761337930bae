//! Sends what was planned: the report is made with the receiver's rights of this moment, then mailed.
//!
//! A letter goes out at most once. What is known not to have been handed over is tried again; when a process dies
//! between handing over and noting it, or the server's answer is lost, the row says so and nothing is sent again.

use std::sync::Arc;

use contract::identity::{PersonId, Receiver};
use contract::messages::{Mail, MailFault, MailFile, Mailer, Notice};
use kernel::{Ctx, Lang};
use serde_json::json;

use super::{Span, local_day};
use crate::Insight;
use crate::error::InsightError;
use crate::http::{ReportFile, make_file};
use crate::report::period::Period;
use crate::store::subscription::Subscription;
use crate::store::subscription_run::{CLAIM_MS, Moved, Run};

/// Pauses between tries, in minutes; then it is given up.
const PAUSES_MIN: [i64; 6] = [1, 5, 15, 60, 120, 240];
/// While facts are being built anew a report waits for so long at most, in short steps.
const BUILDING_MS: i64 = 3_600_000;
const BUILDING_STEP_MS: i64 = 60_000;
/// So many events that are not in the facts yet make them old.
const BEHIND: i64 = 1_000;

/// How a try ended.
enum Outcome {
    Sent,
    /// It will not succeed.
    Failed(&'static str),
    /// It may succeed later.
    Later(&'static str),
    /// The facts are not ready; this was no try.
    Building,
    /// It may have been sent.
    Unclear,
    /// Somebody else has it.
    Taken,
}

impl Insight {
    /// Names who sends mail. Without it nothing can be sent, and the list says so.
    pub fn mail_by(&self, mailer: Arc<dyn Mailer>) {
        self.set_mailer(mailer);
    }

    /// Tells whether mail can be sent.
    #[must_use]
    pub fn can_mail(&self) -> bool {
        self.mailer().is_some_and(|mailer| mailer.is_configured())
    }

    /// Plans what is due and sends what waits. Returns how many letters went out.
    ///
    /// # Errors
    /// When the database or the directory fails; a letter that fails is noted with its reason.
    pub async fn mail_reports(&self, ctx: &Ctx) -> Result<usize, InsightError> {
        self.plan_mail(ctx.now).await?;
        let mut sent = 0;
        for run in self.waiting_mail(ctx.now).await? {
            sent += usize::from(self.turn(ctx, run).await?);
        }
        self.forget_old_mail(ctx.now).await?;
        Ok(sent)
    }

    /// Tries one letter; true when it went out.
    async fn turn(&self, ctx: &Ctx, mut run: Run) -> Result<bool, InsightError> {
        let Some(about) = self.subscription_by_id(&run.subscription_id).await? else { return Ok(false) };
        if run.state == "sending" {
            self.end(ctx, &about, &run, "unclear", Some("interrupted")).await?;
            return Ok(false);
        }
        let claim = Moved {
            state: "waiting",
            reason: None,
            tries: run.tries + 1,
            next_at: ctx.now.0 + CLAIM_MS,
            done_at: None,
            told: None,
        };
        if !self.move_mail(&run, &claim).await? {
            return Ok(false);
        }
        run.tries += 1;
        let outcome = self.attempt(ctx, &about, &mut run).await?;
        match outcome {
            Outcome::Sent => self.end(ctx, &about, &run, "sent", None).await?,
            Outcome::Failed(reason) => self.end(ctx, &about, &run, "failed", Some(reason)).await?,
            Outcome::Unclear => self.end(ctx, &about, &run, "unclear", Some("no_answer")).await?,
            Outcome::Later(reason) => match pause(run.tries) {
                Some(minutes) => self.wait(&run, run.tries, ctx.now.0 + minutes * 60_000, reason).await?,
                None => self.end(ctx, &about, &run, "failed", Some(reason)).await?,
            },
            Outcome::Building => {
                self.wait(&run, run.tries - 1, ctx.now.0 + BUILDING_STEP_MS, "building").await?;
            }
            Outcome::Taken => {}
        }
        Ok(matches!(outcome, Outcome::Sent))
    }

    async fn attempt(&self, ctx: &Ctx, about: &Subscription, run: &mut Run) -> Result<Outcome, InsightError> {
        let Some(mailer) = self.mailer().filter(|mailer| mailer.is_configured()) else {
            return Ok(Outcome::Failed("not_configured"));
        };
        let found = self.sources().directory.receiver(&PersonId(run.person_id.clone())).await;
        let Some(Receiver { principal, email }) = found.map_err(InsightError::Port)? else {
            return Ok(Outcome::Failed("gone"));
        };
        let Some(reach) = principal.scope("report.read") else { return Ok(Outcome::Failed("no_right")) };
        let Some(to) = email else { return Ok(Outcome::Failed("no_address")) };
        if self.is_behind().await? && ctx.now.0 - run.due_at < BUILDING_MS {
            return Ok(Outcome::Building);
        }
        let lang = if about.lang == "en" { Lang::En } else { Lang::Zh };
        let period = Span::read(&about.span)?.period(local_day(self.lake().zone(), run.due_at));
        let made = make_file(self, &principal, reach, &about.report, &about.query, period, lang).await;
        let file = match made {
            Ok(file) => file,
            Err(problem) if problem.status.as_u16() == 503 => return Ok(Outcome::Later("busy")),
            Err(problem) => {
                tracing::warn!(
                    subscription = about.id,
                    code = problem.code,
                    "a subscribed report was not made"
                );
                return Ok(Outcome::Failed("report"));
            }
        };
        let handing = Moved {
            state: "sending",
            reason: None,
            tries: run.tries,
            next_at: self.kit().now().0 + CLAIM_MS,
            done_at: None,
            told: None,
        };
        if !self.move_mail(run, &handing).await? {
            return Ok(Outcome::Taken);
        }
        "sending".clone_into(&mut run.state);
        let mail = letter(about, run, &principal.name, to, period, file, lang);
        Ok(match mailer.send(&mail).await {
            Ok(()) => Outcome::Sent,
            Err(fault) => {
                tracing::warn!(subscription = about.id, %fault, "a subscribed report was not mailed");
                match fault {
                    MailFault::Refused(_) => Outcome::Failed("refused"),
                    MailFault::Later(_) => Outcome::Later("unreachable"),
                    MailFault::Unclear(_) => Outcome::Unclear,
                }
            }
        })
    }

    /// Tells whether the facts lack what has happened, as after a long stop.
    async fn is_behind(&self) -> Result<bool, InsightError> {
        let building = !self.lake().snapshot().manifest.rebuild.is_empty();
        let newest = kernel::event::newest_number(self.kit()).await?;
        Ok(building || newest - self.lake().seq().await > BEHIND)
    }

    async fn wait(
        &self,
        run: &Run,
        tries: i64,
        next_at: i64,
        reason: &'static str,
    ) -> Result<(), InsightError> {
        let to = Moved { state: "waiting", reason: Some(reason), tries, next_at, done_at: None, told: None };
        self.move_mail(run, &to).await?;
        Ok(())
    }

    /// Notes how it ended; the owner is told of what did not arrive.
    async fn end(
        &self,
        ctx: &Ctx,
        about: &Subscription,
        run: &Run,
        state: &'static str,
        reason: Option<&'static str>,
    ) -> Result<(), InsightError> {
        let at = self.kit().now().0;
        let told = Some((ctx, about.owner_id.as_str()));
        let to = Moved { state, reason, tries: run.tries, next_at: at, done_at: Some(at), told };
        if !self.move_mail(run, &to).await? {
            return Ok(());
        }
        if let Some(reason) = reason {
            let (zh, en) = words(reason);
            let facts = json!({ "number": about.name, "by": run.person_name, "zh": zh, "en": en });
            let notice = Notice {
                people: vec![PersonId(about.owner_id.clone())],
                kind: "report_failed".to_owned(),
                facts: facts.as_object().cloned().unwrap_or_default(),
                subject_kind: "report_subscription".to_owned(),
                subject_id: about.id.clone(),
                key: format!("report_mail.{}", run.id),
            };
            self.watching().notifier.notify(ctx, notice).await.map_err(InsightError::Port)?;
        }
        Ok(())
    }
}

/// The pause after so many tries, in minutes; none when it is given up.
fn pause(tries: i64) -> Option<i64> {
    PAUSES_MIN.get(usize::try_from(tries - 1).unwrap_or(usize::MAX)).copied()
}

/// Says why a letter did not arrive.
pub(crate) fn words(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "not_configured" => ("系统未配置邮件服务器", "no mail server is named in the settings"),
        "gone" => ("账号已停用", "the account is closed"),
        "no_right" => ("没有查看统计报表的权限", "they may not read reports"),
        "no_address" => ("没有登记邮箱", "no e-mail address is known"),
        "report" => {
            ("报表无法生成，请打开报表检查条件", "the report could not be made; please check its settings")
        }
        "refused" => ("邮件服务器拒收", "the mail server refused it"),
        "unreachable" => ("邮件服务器连接失败", "the mail server was not reached"),
        "busy" => ("统计查询繁忙", "too many questions were being answered"),
        "building" => ("统计数据正在重建", "figures are being rebuilt"),
        "interrupted" => ("发送时程序中断，可能未送达", "it was interrupted and may not have arrived"),
        "no_answer" => {
            ("邮件服务器没有答复，可能未送达", "the server did not answer; it may not have arrived")
        }
        _ => ("未知原因", "for an unknown reason"),
    }
}

fn letter(
    about: &Subscription,
    run: &Run,
    name: &str,
    to: String,
    period: Period,
    file: ReportFile,
    lang: Lang,
) -> Mail {
    let days = if period.from == period.to {
        period.from.to_string()
    } else {
        format!("{} ~ {}", period.from, period.to)
    };
    let (subject, text) = match lang {
        Lang::Zh => (
            format!("【12345热线】{}（{days}）", about.name),
            format!(
                "{name}：\n\n附件是您订阅的报表“{}”，统计区间 {days}。数字只含您有权查看的数据。\n\n\
                 订阅人：{}。不需要时，请在“统计报表—邮件订阅”中停止接收。\n",
                about.name, about.owner_name
            ),
        ),
        Lang::En => (
            format!("[12345] {} ({days})", about.name),
            format!(
                "{name},\n\nattached is the report “{}” for {days}. It counts what you may see and nothing else.\n\n\
                 Subscribed by {}. To stop it, go to Reports, Reports by mail.\n",
                about.name, about.owner_name
            ),
        ),
    };
    let ending = file.name.rsplit('.').next().unwrap_or("xlsx");
    let tame = |sign: char| if sign.is_control() || "/\\:*?\"<>|".contains(sign) { '_' } else { sign };
    let stem: String = about.name.chars().map(tame).collect();
    Mail {
        id: run.id.clone(),
        to,
        subject,
        text,
        files: vec![MailFile {
            name: format!("{stem}-{}-{}.{ending}", period.from, period.to),
            media_type: file.media_type.to_owned(),
            bytes: file.bytes,
        }],
    }
}
