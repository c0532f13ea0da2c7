//! Public words in Chinese, as GLOSSARY.md has them. In English each is its own public word.

use crate::language::Language;
use facts::{Action, Cause, ComplaintAbout, ComplaintOutcome, OrderState, Product, ReviewVerdict};
use views::MovementKind;

/// A public word that people read.
pub trait Word: Copy {
    /// The public word.
    fn code(self) -> &'static str;

    /// The Chinese term.
    fn chinese(self) -> &'static str;

    /// The word in a language.
    fn said(self, language: Language) -> &'static str {
        match language {
            Language::English => self.code(),
            Language::Chinese => self.chinese(),
        }
    }
}

macro_rules! chinese {
    ($($word:ident { $($name:ident = $chinese:literal;)* })*) => {$(
        impl Word for $word {
            fn code(self) -> &'static str {
                $word::code(self)
            }

            fn chinese(self) -> &'static str {
                match self { $($word::$name => $chinese,)* }
            }
        }
    )*};
}

chinese! {
    Action {
        ReserveAirtime = "预留话费";
        CaptureAirtime = "扣取话费";
        ReleaseAirtime = "释放话费";
        DeductAirtime = "直接扣减";
        CreditAirtime = "返还话费";
        ConfirmBilling = "出账确认";
        PayOut = "付款";
        TopUpAirtime = "充入话费";
        GrantReward = "赠送话费";
        IssueVoucher = "发放购物券";
        CollectPayment = "收款";
        RefundPayment = "原路退款";
        TransferAirtime = "转赠话费";
        PayBack = "退回充值款";
        RedeemPoints = "扣减积分";
        ReverseRedemption = "退还积分";
        AccruePoints = "增加积分";
    }
    OrderState {
        Created = "已创建";
        Challenged = "待本人验证";
        InReview = "待人工审核";
        Executing = "执行中";
        Clearing = "清算中";
        Paying = "付款中";
        Settled = "已结清";
        Declined = "已拒绝";
        Expired = "已过期";
        Cancelled = "已取消";
        Refunded = "已退还";
        Suspended = "已挂起，待人工处理";
    }
    Cause {
        Planned = "按计划";
        Cancelled = "用户撤单";
        Refused = "合作方拒绝";
        NotFound = "合作方查无此笔";
        Silence = "没有答复";
        Pending = "合作方已受理，结果未出";
        OtherAmount = "金额不符";
        LateSuccess = "迟到的成功";
        Opposite = "方向相反";
        Contradiction = "合作方前后矛盾";
        Restart = "节点重启";
        Exhausted = "次数用尽";
        BooksRefused = "账簿拒绝记账";
        Poisoned = "规则运行异常";
        Unwound = "已回退";
        Resolved = "存疑已查明";
        ReviewRejected = "审核未通过";
        ReceiverDeclined = "受赠人谢绝";
    }
    ReviewVerdict {
        Approved = "通过";
        Rejected = "不通过";
    }
    ComplaintAbout {
        Charged = "扣费有误";
        NotArrived = "未到账";
        NotOrdered = "非本人办理";
        Fee = "手续费";
        Refused = "办理被拒";
        Privacy = "个人信息";
        Service = "服务";
        Other = "其他";
    }
    ComplaintOutcome {
        Upheld = "属实";
        PartlyUpheld = "部分属实";
        Rejected = "不属实";
        Withdrawn = "已撤诉";
    }
    MovementKind {
        Recharged = "充值";
        Ordered = "订单转出";
        Returned = "订单退回";
        LeftBehind = "携出结清";
    }
    Product {
        Direct = "官方渠道直连";
        Voucher = "购物券";
        Agent = "线下代理";
        Card = "话费购卡";
        Gift = "转赠";
        Refund = "充值退款";
        Points = "积分兑换";
        BundleGift = "流量转赠";
        BundleSale = "流量转售";
        Market = "话费交易";
        Wealth = "理财引荐";
        Recharge = "话费充值";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A word in the glossary and another on the screen would be two words for one thing.
    #[test]
    fn the_glossary_has_every_chinese_word() {
        let glossary = include_str!("../../../GLOSSARY.md");
        let words = |code: &'static str, chinese: &'static str| {
            let listed = glossary.lines().any(|line| line.contains(chinese) && line.contains(&format!("`{code}`")));
            assert!(listed, "{code} is {chinese} here and not in the glossary");
        };
        for action in Action::ALL {
            words(action.code(), action.chinese());
        }
        for state in OrderState::ALL {
            words(state.code(), state.chinese());
        }
        for cause in Cause::ALL {
            words(cause.code(), cause.chinese());
        }
        for about in ComplaintAbout::ALL {
            words(about.code(), about.chinese());
        }
        for outcome in ComplaintOutcome::ALL {
            words(outcome.code(), outcome.chinese());
        }
        for kind in MovementKind::ALL {
            words(kind.code(), kind.chinese());
        }
    }
}
