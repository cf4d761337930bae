//! The flows that ship with the house, in force until an administrator publishes others.

use super::model::{Flow, MAIN};

/// A flow that ships with the house.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub note: &'static str,
    text: &'static str,
}

impl Shipped {
    /// Returns the graph.
    #[must_use]
    pub fn flow(&self) -> Flow {
        serde_json::from_str(self.text).expect("a test reads every shipped flow")
    }
}

/// Straight into the queue and nothing else: for a house without greeting.
pub const DIRECT: &str = "direct";

/// All of them.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        id: MAIN,
        name: "主流程",
        note: "问候后直接转人工；忙或无人时可等待、留言、登记回电；话务员挂机后评价",
        text: include_str!("../../flows/main.json"),
    },
    Shipped {
        id: "after_hours",
        name: "非工作时间",
        note: "留言，或转值班电话",
        text: include_str!("../../flows/after_hours.json"),
    },
    Shipped {
        id: "menu",
        name: "菜单导航",
        note: "咨询、投诉举报、人工、工单查询、留言，可选英文",
        text: include_str!("../../flows/menu.json"),
    },
    Shipped {
        id: "order_query",
        name: "工单查询",
        note: "输入工单编号和查询码，播报办理进度",
        text: include_str!("../../flows/order_query.json"),
    },
    Shipped {
        id: "robot",
        name: "智能客服",
        note: "来电人直接说出问题，由机器人按知识库回答；说“转人工”或按0转主流程（需配置语音识别服务）",
        text: include_str!("../../flows/robot.json"),
    },
    Shipped {
        id: "satisfaction",
        name: "满意度评价",
        note: "请市民按键评价；话务员可在通话中转入",
        text: include_str!("../../flows/satisfaction.json"),
    },
    Shipped {
        id: "message_box",
        name: "电话收听留言",
        note: "工作人员用任意电话输入工号和口令，逐条收听留言、删除或回拨；给它分配一个号码即可使用",
        text: include_str!("../../flows/message_box.json"),
    },
    Shipped {
        id: DIRECT,
        name: "直接排队",
        note: "不播问候，直接进入队列",
        text: include_str!("../../flows/direct.json"),
    },
];

/// Finds a shipped flow.
#[must_use]
pub fn shipped(id: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|flow| flow.id == id)
}

#[cfg(test)]
mod tests {
    use super::super::check::{Known, check};
    use super::*;
    use crate::speech::library;

    #[test]
    fn every_shipped_flow_can_be_read_and_published() {
        let known = Known {
            prompts: library::shipped_keys().map(str::to_owned).collect(),
            queues: [String::new()].into(),
            hours: ["main".to_owned()].into(),
            flows: SHIPPED.iter().map(|flow| flow.id.to_owned()).collect(),
            voice: true,
            robot: true,
            ..Known::default()
        };
        for shipped in SHIPPED {
            assert_eq!(check(&shipped.flow(), &known), [], "{}", shipped.id);
        }
    }
}
