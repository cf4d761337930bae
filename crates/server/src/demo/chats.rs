//! Conversations with the robot, as citizens had them in the last days: answered, asked back, not known, handed over.

use kernel::{BoxError, Ctx, Lang, Problem, Timestamp};

use crate::City;

/// When it was, in minutes before now; what the citizen said, in turn; the stars, where some were given.
type Talk = (i64, &'static [&'static str], Option<(i64, &'static str)>);

const TALKS: &[Talk] = &[
    (95, &["居住证怎么办理", "谢谢"], Some((5, "回答得很快"))),
    (190, &["公积金提取需要什么材料"], Some((4, ""))),
    (260, &["我家暖气不热怎么办", "转人工"], Some((3, "等了一会儿"))),
    (410, &["你好", "医保报销多久到账"], None),
    (1_460, &["流浪猫绝育有补贴吗", "宠物医院可以报销吗"], Some((2, "没有回答我的问题"))),
    (1_530, &["无人机在公园能飞吗"], None),
    (1_710, &["小区能不能装充电桩，物业不让装怎么办"], Some((4, ""))),
    (2_900, &["老年人坐公交免费吗"], Some((5, ""))),
    (3_050, &["你们这什么破机器人，气死我了"], Some((1, "答非所问"))),
    (3_200, &["社保卡丢了怎么补办", "要带什么", "好的谢谢"], Some((5, "很方便"))),
    (4_400, &["今天天气怎么样"], None),
    (4_620, &["新生儿落户需要什么材料"], Some((5, ""))),
];

fn refusal(problem: Problem) -> BoxError {
    problem.detail(Lang::Zh).to_owned().into()
}

/// Lets citizens talk with the robot. Returns how many did.
pub(super) async fn create(city: &City, now: Timestamp) -> Result<usize, BoxError> {
    // What was just published is searched at once.
    city.knowledge.reindex().await?;
    for (at, (minutes_ago, said, rating)) in TALKS.iter().enumerate() {
        let begun = now.plus_secs(-minutes_ago * 60);
        let ctx = |secs: i64| Ctx {
            ip: Some(format!("203.0.113.{}", at + 1)),
            ..Ctx::system("demo", begun.plus_secs(secs))
        };
        let (chat, token) = city.bot.start_chat(&ctx(0), &[]).await.map_err(refusal)?;
        let id = chat.id.as_str();
        let mut secs = 0;
        for text in *said {
            secs += 25;
            city.bot.hear_citizen(&ctx(secs), id, &token, text).await.map_err(refusal)?;
        }
        let ended = city.bot.leave_chat(&ctx(secs + 40), id, &token).await?;
        if let Some((stars, comment)) = rating {
            city.bot.rate_chat(&ctx(secs + 55), &ended, *stars, comment).await?;
        }
    }
    Ok(TALKS.len())
}
