//! Why something about calls was refused.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kernel::{DbError, Problem, ToProblem};

use crate::call::state::Refusal;
use crate::media::MediaError;
use crate::speech::SpeechError;
use crate::speech::wav::WavError;

/// A refusal or failure of this slice.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Another slice failed.
    #[error("another part failed")]
    Port(#[source] kernel::BoxError),
    /// The person has no seat.
    #[error("the person has no seat")]
    NoSeat,
    /// The seat has no desk telephone.
    #[error("the seat has no desk telephone")]
    NoTelephone,
    /// The person does not sit at a seat.
    #[error("the person is not signed in at a seat")]
    NotSignedIn,
    /// The call is over, or not this person's.
    #[error("the call is not there")]
    NoCall,
    /// The recording still runs.
    #[error("the recording is not finished")]
    RecordingOpen,
    /// The recording is in the books, its file is not there.
    #[error("the recording's file is not there")]
    RecordingGone(#[source] std::io::Error),
    /// Somebody saw to the missed call before.
    #[error("the missed call was handled before")]
    Handled,
    /// Somebody else changed it meanwhile.
    #[error("somebody else changed it meanwhile")]
    Stale,
    /// Too many citizens want to call at once.
    #[error("too many call rights at once")]
    Busy,
    /// The call's rules say no.
    #[error("the call does not allow it now: {0:?}")]
    Refused(Refusal),
    /// Nobody can be rung at that seat.
    #[error("nobody can be rung at that seat")]
    SeatBusy,
    /// There is no sound for another call.
    #[error(transparent)]
    Media(MediaError),
    /// The outbound task has been stopped.
    #[error("the outbound task has been stopped")]
    CampaignOver,
    /// The outbound task has called somebody.
    #[error("the outbound task has called somebody")]
    CampaignStarted,
    /// The outbound task, or the line of its list, does not allow it now.
    #[error("the outbound task does not allow it now")]
    CampaignState,
    /// The number may not be called now.
    #[error("the number may not be called now: {0}")]
    NotToBeCalled(&'static str),
    /// A flow that has errors can't be published.
    #[error("the flow has errors")]
    FlowUnfinished,
    /// The flow is the house's own, or a number leads to it.
    #[error("the flow is in use")]
    FlowInUse,
    /// The prompt ships with the house, or a flow says it.
    #[error("the prompt is in use")]
    PromptInUse,
    /// The file is no usable sound.
    #[error(transparent)]
    Wav(WavError),
    /// The text can't be spoken.
    #[error(transparent)]
    Speech(SpeechError),
}

impl ToProblem for VoiceError {
    fn problem(&self) -> Problem {
        match self {
            Self::Db(error) => error.problem(),
            Self::Port(error) => Problem::from_internal(error.as_ref()),
            Self::Media(error) => Problem::from_internal(error),
            Self::Refused(refusal) => refused(*refusal),
            Self::SeatBusy => Problem::new(StatusCode::CONFLICT, "voice.seat_busy")
                .detail_zh("该座席无人值守或正忙，请另选。")
                .detail_en("Nobody is at that seat, or it is busy; please choose another."),
            Self::NoSeat => Problem::new(StatusCode::CONFLICT, "voice.no_seat")
                .detail_zh("您还没有分配座席，请联系管理员。")
                .detail_en("No seat is assigned to you; please ask an administrator."),
            Self::NoTelephone => Problem::new(StatusCode::CONFLICT, "voice.no_telephone")
                .detail_zh("本座席没有话机账号，请联系管理员。")
                .detail_en("This seat has no desk telephone; please ask an administrator."),
            Self::NotSignedIn => Problem::new(StatusCode::CONFLICT, "voice.not_signed_in")
                .detail_zh("请先签入座席。")
                .detail_en("Please sign in at your seat first."),
            Self::NoCall => Problem::new(StatusCode::NOT_FOUND, "voice.no_call")
                .detail_zh("通话已结束或不属于您。")
                .detail_en("The call is over, or it is not yours."),
            Self::RecordingOpen => Problem::new(StatusCode::CONFLICT, "voice.recording_open")
                .detail_zh("通话还在进行，结束后即可收听录音。")
                .detail_en("The call still runs; its recording can be heard when it has ended."),
            Self::RecordingGone(error) => {
                tracing::error!(%error, "a recording's file can't be read");
                Problem::new(StatusCode::NOT_FOUND, "voice.recording_gone")
                    .detail_zh("录音文件无法读取，请联系系统管理员。")
                    .detail_en("The recording's file can't be read; please tell the administrator.")
            }
            Self::Handled => Problem::new(StatusCode::CONFLICT, "voice.already_handled")
                .detail_zh("该未接来电已由他人处理。")
                .detail_en("Somebody has already seen to this missed call."),
            Self::Stale => Problem::new(StatusCode::CONFLICT, "voice.stale_version")
                .detail_zh("他人刚刚修改过，请刷新后重试。")
                .detail_en("Somebody else has just changed this; please reload and try again."),
            Self::CampaignOver => Problem::new(StatusCode::CONFLICT, "voice.campaign_over")
                .detail_zh("任务已终止，不能再更改。")
                .detail_en("The task has been stopped and can't be changed any more."),
            Self::CampaignStarted => Problem::new(StatusCode::CONFLICT, "voice.campaign_started")
                .detail_zh("任务已经开始，请终止而不是删除。")
                .detail_en("The task has called somebody; stop it instead of removing it."),
            Self::CampaignState => Problem::new(StatusCode::CONFLICT, "voice.campaign_state")
                .detail_zh("任务状态已变化，请刷新后重试。")
                .detail_en("The task does not allow this now; please reload and try again."),
            Self::NotToBeCalled(why) => not_to_be_called(why),
            Self::FlowUnfinished => Problem::new(StatusCode::CONFLICT, "voice.flow_unfinished")
                .detail_zh("流程还有错误，改正后才能发布。")
                .detail_en("The flow has errors; correct them before it is published."),
            Self::FlowInUse => Problem::new(StatusCode::CONFLICT, "voice.flow_in_use")
                .detail_zh("主流程或有号码使用的流程不能删除。")
                .detail_en("The main flow, and a flow that a number leads to, can't be removed."),
            Self::PromptInUse => Problem::new(StatusCode::CONFLICT, "voice.prompt_in_use")
                .detail_zh("系统自带或流程正在使用的素材不能删除。")
                .detail_en("A prompt that ships, or that a flow says, can't be removed."),
            Self::Wav(error) => {
                let (zh, en) = match error {
                    WavError::NotWav => ("请上传 WAV 文件。", "Please choose a WAV file."),
                    WavError::Coding => {
                        ("只支持 PCM 或 G.711 编码的 WAV。", "Only WAV with PCM or G.711 is read.")
                    }
                    WavError::Shape => {
                        ("采样率或声道数不在支持范围。", "The rate or the channels are out of range.")
                    }
                    WavError::Empty => ("文件里没有声音。", "There is no sound in the file."),
                    WavError::Long => ("录音不能超过 10 分钟。", "A sound has at most 10 minutes."),
                };
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "voice.bad_sound").detail_zh(zh).detail_en(en)
            }
            Self::Speech(error) => {
                tracing::warn!(%error, "a text could not be spoken");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "voice.no_speech")
                    .detail_zh("语音合成不可用，请上传或录制语音。")
                    .detail_en("There is no voice at the moment; please upload or record a sound.")
            }
            Self::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "voice.busy")
                .detail_zh("当前呼叫人数过多，请稍后再试。")
                .detail_en("Too many people are calling at the moment; please try again soon.")
                .retry_after(10),
        }
    }
}

fn not_to_be_called(why: &str) -> Problem {
    let (zh, en) = match why {
        "closed" => ("现在不在可呼叫时段。", "People may not be called at this time."),
        "do_not_call" => ("该号码已登记免打扰。", "The number is on the do-not-call list."),
        "attempts" => ("该号码已达到呼叫次数上限。", "The number has been called as often as allowed."),
        "no_line" => ("没有空闲的外线。", "No line is free."),
        _ => ("刚呼叫过该号码，请稍后再呼。", "The number was called a short while ago."),
    };
    Problem::new(StatusCode::CONFLICT, "voice.not_to_be_called")
        .detail_zh(zh)
        .detail_en(en)
        .with("why", why.into())
}

fn refused(refusal: Refusal) -> Problem {
    let problem = |code: &'static str, zh: &str, en: &str| {
        Problem::new(StatusCode::CONFLICT, code).detail_zh(zh).detail_en(en)
    };
    match refusal {
        Refusal::NotNow => problem(
            "voice.not_now",
            "通话状态已变化，当前不能进行此操作。",
            "The call does not allow this at the moment.",
        ),
        Refusal::AlreadyThere => {
            problem("voice.already_there", "对方已在本次通话中。", "They are in this call already.")
        }
        Refusal::Full => {
            problem("voice.call_full", "本次通话的参与方已满。", "No more parties fit into this call.")
        }
    }
}

impl IntoResponse for VoiceError {
    fn into_response(self) -> Response {
        self.problem().into_response()
    }
}
