//! Every public code with its title and hint, in English and Chinese: the one table of what callers read.

use crate::language::Language;
use axum::http::StatusCode;

/// What callers read about a code.
pub struct Phrase {
    code: &'static str,
    titles: [&'static str; 2],
    hints: [&'static str; 2],
}

impl Phrase {
    /// The code it is about.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The kind of problem, in every language.
    pub const fn titles(&self) -> [&'static str; 2] {
        self.titles
    }

    /// What to do about it, in every language.
    pub const fn hints(&self) -> [&'static str; 2] {
        self.hints
    }

    /// The kind of problem.
    pub const fn title(&self, language: Language) -> &'static str {
        self.titles[language as usize]
    }

    /// What to do about it.
    pub const fn hint(&self, language: Language) -> &'static str {
        self.hints[language as usize]
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident;)*) => {
        /// Problems of the API itself; business refusals have codes of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            #[cfg(test)]
            const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The public code.
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $code,)* }
            }

            /// The status of the answer.
            pub const fn status(self) -> StatusCode {
                match self { $(Code::$name => StatusCode::$status,)* }
            }
        }
    };
}

codes! {
    /// A field, header or parameter is missing or not as it must be.
    MalformedRequest = "malformed_request", BAD_REQUEST;
    /// A request that makes something carries no key.
    KeyMissing = "idempotency_key_missing", BAD_REQUEST;
    /// The key is not 1 to 255 visible ASCII characters.
    KeyMalformed = "idempotency_key_malformed", BAD_REQUEST;
    /// Nobody says who calls, and not everybody may.
    CredentialsMissing = "credentials_missing", UNAUTHORIZED;
    /// What is said about the caller cannot be read.
    CredentialsUnreadable = "credentials_unreadable", BAD_REQUEST;
    /// The caller may not do this, to anything.
    NotPermitted = "not_permitted", FORBIDDEN;
    /// There is no such member of staff, or no such session.
    StaffUnknown = "staff_unknown", NOT_FOUND;
    /// Messages cannot be sent now.
    MessagesUnavailable = "messages_unavailable", SERVICE_UNAVAILABLE;
    /// There is no such identity provider.
    ProviderUnknown = "provider_unknown", NOT_FOUND;
    /// The identity provider gives no answer that can be used.
    ProviderUnavailable = "provider_unavailable", BAD_GATEWAY;
    /// Identities cannot be read now.
    AccessUnavailable = "access_unavailable", SERVICE_UNAVAILABLE;
    /// A request with this key is under way.
    KeyInProgress = "idempotency_key_in_progress", CONFLICT;
    /// The key was used with another body.
    KeyConflict = "idempotency_conflict", UNPROCESSABLE_ENTITY;
    /// The number was registered before.
    SubscriberExists = "subscriber_exists", CONFLICT;
    /// There is no such subscriber.
    SubscriberUnknown = "subscriber_unknown", NOT_FOUND;
    /// There is no such person.
    PersonUnknown = "person_unknown", NOT_FOUND;
    /// The person was erased.
    PersonErased = "person_erased", GONE;
    /// There is no such legal hold.
    HoldUnknown = "legal_hold_unknown", NOT_FOUND;
    /// The person cannot be erased while an order is open.
    ErasureOrderOpen = "erasure_order_open", CONFLICT;
    /// The person cannot be erased while value is held.
    ErasureValueHeld = "erasure_value_held", CONFLICT;
    /// There is no such order.
    OrderUnknown = "order_unknown", NOT_FOUND;
    /// There is no such partner.
    PartnerUnknown = "partner_unknown", NOT_FOUND;
    /// The order stands where it cannot be withdrawn.
    NotCancellable = "not_cancellable", CONFLICT;
    /// The order stands where whom it is for cannot decline it.
    NotDeclinable = "not_declinable", CONFLICT;
    /// The order does not wait for a reviewer.
    NotInReview = "not_in_review", CONFLICT;
    /// The order brought no code, or not yet.
    NothingToHandOut = "no_code", CONFLICT;
    /// The order's code was handed out, and is not handed out again.
    HandedOut = "code_handed_out", GONE;
    /// A partner does not answer.
    PartnerSilent = "partner_silent", SERVICE_UNAVAILABLE;
    /// There is no such order file.
    BatchUnknown = "batch_unknown", NOT_FOUND;
    /// Rows and results of an order file were removed.
    BatchRemoved = "batch_removed", GONE;
    /// An order file is neither CSV nor JSON rows by its own account.
    OrderFileType = "order_file_type_unsupported", UNSUPPORTED_MEDIA_TYPE;
    /// An order file is no text, whatever its type says.
    OrderFileNotText = "order_file_not_text", UNSUPPORTED_MEDIA_TYPE;
    /// An order file is too long.
    OrderFileTooLarge = "order_file_too_large", PAYLOAD_TOO_LARGE;
    /// An order file's header, or a line's length, is not the contract's.
    OrderFileRejected = "order_file_rejected", UNPROCESSABLE_ENTITY;
    /// Files cannot be written or read.
    StorageUnavailable = "storage_unavailable", SERVICE_UNAVAILABLE;
    /// There is no such policy.
    PolicyUnknown = "policy_unknown", NOT_FOUND;
    /// The proposed policy does not hold.
    PolicyFaulty = "policy_faulty", UNPROCESSABLE_ENTITY;
    /// The proposed policy is the one in force.
    PolicyUnchanged = "policy_unchanged", UNPROCESSABLE_ENTITY;
    /// There is no such complaint.
    ComplaintUnknown = "complaint_unknown", NOT_FOUND;
    /// A complaint came to its end before.
    ComplaintClosed = "complaint_closed", CONFLICT;
    /// Another than who filed a complaint may not take it back.
    OnlyFilerWithdraws = "only_filer_withdraws", FORBIDDEN;
    /// There is no such approval.
    ApprovalUnknown = "approval_unknown", NOT_FOUND;
    /// There is no such campaign.
    CampaignUnknown = "campaign_unknown", NOT_FOUND;
    /// The actor is no named member of staff.
    ActorUnnamed = "actor_unnamed", FORBIDDEN;
    /// Who proposed a change may not decide about it.
    MakerCannotCheck = "maker_cannot_check", FORBIDDEN;
    /// Another than who proposed a change may not take it back.
    OnlyMakerWithdraws = "only_maker_withdraws", FORBIDDEN;
    /// A change stands where this cannot be done.
    ApprovalStands = "approval_not_open", CONFLICT;
    /// A change is in effect already.
    ApprovalInEffect = "approval_in_effect", CONFLICT;
    /// The numbering plan's files are faulty.
    NumbersFaulty = "numbers_faulty", UNPROCESSABLE_ENTITY;
    /// The numbering plan's files hold another than asked for.
    NumbersOther = "numbers_other_version", CONFLICT;
    /// There is no such route.
    RouteUnknown = "route_unknown", NOT_FOUND;
    /// The route has other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED;
    /// The head took too long.
    HeadTooSlow = "head_too_slow", REQUEST_TIMEOUT;
    /// The head is too long, or has too many lines.
    HeadTooLarge = "head_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE;
    /// Two readers could take the bytes for two different requests.
    RequestAmbiguous = "request_ambiguous", BAD_REQUEST;
    /// An address has too many connections.
    TooManyConnections = "too_many_connections", TOO_MANY_REQUESTS;
    /// The body took too long.
    BodyTooSlow = "body_too_slow", REQUEST_TIMEOUT;
    /// The body is too long.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE;
    /// The body is no JSON by its own account.
    ContentTypeUnsupported = "content_type_unsupported", UNSUPPORTED_MEDIA_TYPE;
    /// A client, subject or address asks more often than it may.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS;
    /// Too many requests of one client wait for their turn.
    TooManyInFlight = "too_many_in_flight", TOO_MANY_REQUESTS;
    /// Too much is under way.
    Busy = "busy", SERVICE_UNAVAILABLE;
    /// The node stopped before the outcome was durable.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE;
    /// The node stopped; nothing was asked to change.
    NodeStopped = "node_stopped", SERVICE_UNAVAILABLE;
    /// The clock is not trusted.
    ClockHalted = "clock_halted", SERVICE_UNAVAILABLE;
    /// The views do not show the asked position in time.
    ViewsBehind = "views_behind", SERVICE_UNAVAILABLE;
    /// The views or the journal cannot be read.
    ViewsUnavailable = "views_unavailable", SERVICE_UNAVAILABLE;
    /// The vault cannot be read or written.
    VaultUnavailable = "vault_unavailable", SERVICE_UNAVAILABLE;
    /// The node should get no requests.
    NotReady = "not_ready", SERVICE_UNAVAILABLE;
    /// A fault of ours.
    Internal = "internal", INTERNAL_SERVER_ERROR;
}

impl Code {
    /// The code of an answer of the framework's own.
    pub fn of_status(status: StatusCode) -> Code {
        match status {
            StatusCode::NOT_FOUND => Code::RouteUnknown,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            status if status.is_client_error() => Code::MalformedRequest,
            _ => Code::Internal,
        }
    }
}

/// What callers read about every code.
pub fn phrases() -> &'static [Phrase] {
    PHRASES
}

/// What callers read about a code; that of `internal` when nobody wrote about it.
pub fn phrase(code: &str) -> &'static Phrase {
    let find = |code: &str| PHRASES.iter().find(|phrase| phrase.code == code);
    find(code).or_else(|| find(Code::Internal.text())).unwrap_or(&PHRASES[0])
}

const fn row(code: &'static str, titles: [&'static str; 2], hints: [&'static str; 2]) -> Phrase {
    Phrase { code, titles, hints }
}

#[rustfmt::skip]
static PHRASES: &[Phrase] = &[
    row("malformed_request", ["A field is missing or malformed", "字段缺失或格式有误"],
        ["correct the field that `param` names and send again with the same key", "请更正 `param` 所指的字段，并用同一幂等键重新提交"]),
    row("idempotency_key_missing", ["`Idempotency-Key` is missing", "缺少 `Idempotency-Key` 请求头"],
        ["send a header `Idempotency-Key` that is new for each thing you want to happen once", "请为每一笔只应发生一次的业务提交一个新的 `Idempotency-Key`"]),
    row("idempotency_key_malformed", ["`Idempotency-Key` is malformed", "`Idempotency-Key` 格式有误"],
        ["use 1 to 255 visible ASCII characters, such as a UUID", "请使用 1 至 255 个可见 ASCII 字符，例如 UUID"]),
    row("idempotency_key_in_progress", ["A request with this key is under way", "使用该幂等键的请求正在处理"],
        ["repeat the request in a moment to get its answer", "请稍后重复请求以取得结果"]),
    row("idempotency_conflict", ["The key was used with another body", "该幂等键已用于内容不同的请求"],
        ["send the first body again, or use a new key", "请重发最初的内容，或改用新的幂等键"]),
    row("subscriber_exists", ["The number is registered", "该号码已登记"],
        ["use the subscriber that is named here", "请直接使用此处给出的用户标识"]),
    row("subscriber_unknown", ["There is no such subscriber", "用户不存在"],
        ["register the number with `POST /v1/subscribers`", "请先通过 `POST /v1/subscribers` 登记号码"]),
    row("person_unknown", ["There is no such person", "自然人不存在"],
        ["use the `person` of a subscriber", "请使用用户信息中的 `person` 标识"]),
    row("person_erased", ["The person was erased", "个人信息已删除"],
        ["register the number anew if somebody holds it now", "如号码现有持有人，请重新登记"]),
    row("legal_hold_unknown", ["There is no such legal hold", "司法留存不存在"],
        ["`GET /v1/persons/{id}` lists the holds that stand", "`GET /v1/persons/{id}` 可列出现有的司法留存"]),
    row("erasure_order_open", ["An order of the person has not ended", "该自然人尚有未完结的订单"],
        ["ask again when the orders have ended", "请在订单完结后再申请"]),
    row("erasure_value_held", ["Value of the person is held", "该自然人名下尚有余额"],
        ["convert or use up what is held, then ask again", "请先兑换或用完余额，再申请"]),
    row("order_unknown", ["There is no such order", "订单不存在"],
        ["check the id; `GET /v1/orders` lists orders", "请核对订单标识；`GET /v1/orders` 可列出订单"]),
    row("partner_unknown", ["There is no such partner", "合作方不存在"],
        ["use CMCC, CUCC, CTCC, CBN, BANK, ISSUER, ACQUIRER, PROGRAMME_BANK or PROGRAMME_AIRLINE", "请使用 CMCC、CUCC、CTCC、CBN、BANK、ISSUER、ACQUIRER、PROGRAMME_BANK 或 PROGRAMME_AIRLINE"]),
    row("not_cancellable", ["The order cannot be withdrawn now", "订单当前不能撤销"],
        ["look at the order's `state`; while a partner is being asked, try again in a moment", "请查看订单的 `state`；若正在等待合作方答复，请稍后再试"]),
    row("not_declinable", ["The gift cannot be declined any more", "赠礼已无法谢绝"],
        ["a gift can be declined until it is on its way, as the message about it said", "赠礼可在短信所示时限内、到账之前谢绝"]),
    row("not_in_review", ["The order does not wait for a reviewer", "该订单不在人工审核中"],
        ["`GET /v1/orders?state=in_review` lists those that do", "`GET /v1/orders?state=in_review` 可列出待审核订单"]),
    row("no_code", ["The order has no code to hand out", "该订单没有可交付的兑换码"],
        ["look at the order's `state`: only a product that brings a code has one, once it is `settled`", "请查看订单的 `state`：仅带有兑换码的产品在 `settled` 之后才有兑换码"]),
    row("code_handed_out", ["The code was handed out before", "兑换码此前已交付"],
        ["it is handed out once; if it was lost, ask the issuer with the order's id", "兑换码仅交付一次；如已遗失，请凭订单号联系发行方"]),
    row("partner_silent", ["The partner does not answer", "合作方未答复"],
        ["nothing is lost: ask again in a moment", "未造成任何损失，请稍后再试"]),
    row("batch_unknown", ["There is no such order file", "订单文件不存在"],
        ["check the id; `GET /v1/batches` lists order files", "请核对标识；`GET /v1/batches` 可列出订单文件"]),
    row("batch_removed", ["The file's rows and results were removed", "该订单文件的内容与结果已按保存期限删除"],
        ["send the file again: its rows get the answers that they were given", "请重新提交该文件：各行将得到与当时相同的答复"]),
    row("order_file_type_unsupported", ["An order file must be CSV or JSON rows", "订单文件必须是 CSV 或逐行 JSON"],
        ["send `Content-Type: text/csv` or `application/x-ndjson`", "请设置 `Content-Type: text/csv` 或 `application/x-ndjson`"]),
    row("order_file_not_text", ["The order file is no text", "订单文件不是文本"],
        ["export it as CSV in UTF-8 and send that, not an archive, document or page", "请导出为 UTF-8 编码的 CSV 后提交，勿提交压缩包、文档或网页"]),
    row("order_file_too_large", ["The order file is too large", "订单文件过大"],
        ["send at most as much as `detail` says, in several files", "请按 `detail` 所示上限拆分为多个文件"]),
    row("order_file_rejected", ["The order file is rejected; no row was run", "订单文件不符合约定，未处理任何一行"],
        ["correct the line and column that `detail` names and send the whole file again", "请更正 `detail` 所指的行与列，并重新提交整个文件"]),
    row("storage_unavailable", ["Files cannot be kept or read now", "文件暂时无法保存或读取"],
        ["repeat the request with the same key; if it stays so, an operator looks at the disk", "请用同一幂等键重复请求；若仍不可用，请联系运维人员检查磁盘"]),
    row("policy_unknown", ["There is no such policy", "策略不存在"],
        ["`GET /v1/policies` lists the policies", "`GET /v1/policies` 可列出各策略"]),
    row("policy_faulty", ["The policy does not hold", "策略文件有误"],
        ["repair what `reasons` names; each says file, place, what was found and what is allowed",
            "请按 `reasons` 逐项修正；每项给出文件、位置、现有内容与允许的内容"]),
    row("policy_unchanged", ["The policy is the one in force", "策略与现行策略相同"],
        ["propose files that change a rule", "请提交有改动的文件"]),
    row("complaint_unknown", ["There is no such complaint", "投诉不存在"],
        ["check the id; `GET /v1/complaints` lists complaints", "请核对标识；`GET /v1/complaints` 可列出投诉"]),
    row("complaint_closed", ["The complaint came to its end before", "该投诉已办结"],
        ["`GET /v1/complaints/{id}` shows how; file another if something is new", "请通过 `GET /v1/complaints/{id}` 查看结果；如有新情况请另行投诉"]),
    row("only_filer_withdraws", ["Only who filed a complaint may take it back", "仅提出投诉者可撤回投诉"],
        ["ask whoever filed it to withdraw it, or answer it", "请由提出投诉者撤回，或对其作出答复"]),
    row("approval_unknown", ["There is no such approval", "审批不存在"],
        ["`GET /v1/approvals` lists the approvals", "`GET /v1/approvals` 可列出各审批"]),
    row("campaign_unknown", ["There is no such campaign", "营销活动不存在"],
        ["`GET /v1/campaigns` lists the campaigns", "`GET /v1/campaigns` 可列出各营销活动"]),
    row("actor_unnamed", ["Nobody answers for this change", "未指明操作人"],
        ["sign in as a member of staff", "请以员工身份登录"]),
    row("maker_cannot_check", ["Who proposed a change may not decide about it", "提出人不得审批本人的变更"],
        ["let another person decide", "请由他人审批"]),
    row("only_maker_withdraws", ["Only who proposed a change may take it back", "仅提出人可撤回变更"],
        ["reject it instead", "请改为驳回"]),
    row("approval_not_open", ["The change stands where this cannot be done", "审批当前状态不允许此操作"],
        ["look at its `state`; propose it again if it has ended", "请查看其 `state`；若已结束，请重新提出"]),
    row("numbers_faulty", ["The numbering plan's files are faulty", "号段文件有误"],
        ["correct what `detail` names; the plan in use stays", "请更正 `detail` 指出的问题；现用号段表不变"]),
    row("numbers_other_version", ["The numbering plan's files hold another version", "号段文件是另一个版本"],
        ["ask for the version that `tongbao doctor` shows, or put the right files in place", "请使用 `tongbao doctor` 显示的版本，或放置正确的文件"]),
    row("approval_in_effect", ["The change is in effect already", "变更已生效"],
        ["propose the earlier policy to go back", "如需恢复，请重新提出原策略"]),
    row("route_unknown", ["There is no such route", "接口不存在"],
        ["`GET /openapi.json` lists all routes", "`GET /openapi.json` 列出全部接口"]),
    row("method_not_allowed", ["The route has other methods", "该接口不支持此方法"],
        ["use a method of the header `Allow`", "请使用 `Allow` 响应头列出的方法"]),
    row("head_too_slow", ["The head took too long", "请求头传输超时"],
        ["send the whole head at once", "请一次性发送完整的请求头"]),
    row("head_too_large", ["The head is too long", "请求头过大"],
        ["send at most 100 lines and 32 KiB", "请求头不得超过 100 行、32 KiB"]),
    row("request_ambiguous", ["The request can be read in two ways", "请求存在歧义"],
        ["end lines with CRLF, give one Host, and either one `Content-Length` or `Transfer-Encoding: chunked`",
            "请以 CRLF 结束各行，只提供一个 Host，并只用一个 `Content-Length` 或 `Transfer-Encoding: chunked`"]),
    row("too_many_connections", ["Your address has too many connections", "该地址的连接数过多"],
        ["use the connections that are open, or close some", "请复用已有连接，或关闭部分连接"]),
    row("body_too_slow", ["The body took too long", "请求体传输超时"],
        ["send the whole body at once", "请一次性发送完整的请求体"]),
    row("body_too_large", ["The body is too long", "请求体过大"],
        ["send at most 64 KiB", "请求体不得超过 64 KiB"]),
    row("content_type_unsupported", ["The body must be JSON", "请求体必须是 JSON"],
        ["send `Content-Type: application/json`", "请设置 `Content-Type: application/json`"]),
    row("busy", ["Too much is under way; nothing was done", "系统繁忙，请求未被处理"],
        ["wait as long as `Retry-After` says, then send again with the same key", "请按 `Retry-After` 等待后用同一幂等键重新提交"]),
    row("rate_limited", ["More was asked than the limit lets through; nothing was done", "请求超出限频，未被处理"],
        ["wait as long as `Retry-After` says, then send again with the same key; `RateLimit` tells what is left",
            "请按 `Retry-After` 等待后用同一幂等键重新提交；`RateLimit` 响应头显示剩余额度"]),
    row("too_many_in_flight", ["Too many of your requests wait for an answer; nothing was done", "待处理的请求过多，该请求未被处理"],
        ["send the next when an answer has come, then send this again with the same key", "请在收到答复后再发送下一请求，并用同一幂等键重新提交"]),
    row("outcome_unknown", ["The outcome is not known", "结果未知"],
        ["repeat the request with the same key: it happens once", "请用同一幂等键重复请求：业务只会发生一次"]),
    row("node_stopped", ["The node stopped", "节点已停止"],
        ["repeat the request when the node is up again", "请在节点恢复后重复请求"]),
    row("clock_halted", ["The clock jumped; nothing was done", "时钟跳变，请求未被处理"],
        ["repeat the request with the same key when an operator has checked the clock", "请在运维人员核对时钟后用同一幂等键重复请求"]),
    row("views_behind", ["Lists do not show that position yet", "列表尚未更新到所要求的位置"],
        ["repeat the request in a moment", "请稍后重复请求"]),
    row("views_unavailable", ["Lists cannot be read now", "列表暂时无法读取"],
        ["repeat the request; if it stays so, an operator rebuilds the views", "请重复请求；若仍不可用，请联系运维人员重建视图"]),
    row("vault_unavailable", ["The vault cannot be used now", "密文库暂时不可用"],
        ["repeat the request with the same key", "请用同一幂等键重复请求"]),
    row("not_ready", ["The node should get no requests", "节点未就绪"],
        ["send requests elsewhere until this answers 200", "在此接口返回 200 之前，请将请求发往别处"]),
    row("internal", ["A fault of ours", "系统内部错误"],
        ["repeat the request with the same key, and tell us the request id", "请用同一幂等键重复请求，并告知我们请求编号"]),
    row("credential_wrong", ["The name or the secret is wrong", "名称或凭证错误"],
        ["check both and try again", "请核对后重试"]),
    row("account_locked", ["Locked after too many wrong tries", "错误次数过多，已锁定"],
        ["wait as long as `Retry-After` says", "请在 `Retry-After` 所示时间后重试"]),
    row("too_many_tries", ["Too many tries", "尝试过于频繁"],
        ["wait as long as `Retry-After` says", "请在 `Retry-After` 所示时间后重试"]),
    row("invitation_invalid", ["The enrolment token is not good, or no longer", "登记令牌无效或已失效"],
        ["ask an administrator for another", "请向管理员重新获取"]),
    row("password_too_weak", ["The password is too easy to guess", "密码过于简单"],
        ["take 12 characters or more that are not your name", "请使用不少于 12 个字符且与名称无关的密码"]),
    row("totp_wrong", ["The code of the authenticator is wrong", "动态验证码错误"],
        ["wait for the next code; check the device's clock", "请等待下一个验证码并校准设备时间"]),
    row("bootstrap_closed", ["There is an administrator already", "已有管理员"],
        ["ask that administrator for an invitation", "请由现有管理员邀请"]),
    row("name_malformed", ["The name is not as it must be", "名称格式不符"],
        ["take 2 to 32 of `a-z 0-9 . _ -`", "请使用 2 至 32 个小写字母、数字或 `. _ -`"]),
    row("name_taken", ["The name is taken", "名称已被占用"],
        ["take another", "请更换名称"]),
    row("roles_not_allowed", ["These roles do not fit", "角色不适用"],
        ["name one or more roles of staff", "请指定一个或多个员工角色"]),
    row("last_administrator", ["The last administrator stays", "不得移除最后一名管理员"],
        ["make another administrator first", "请先设立另一名管理员"]),
    row("not_permitted", ["You may not do this", "无权执行此操作"],
        ["ask an administrator for the role", "请向管理员申请相应角色"]),
    row("principal_unknown", ["There is no such member, client or key", "成员、客户端或密钥不存在"],
        ["look it up in the list", "请在列表中查询"]),
    row("key_expired", ["The key has expired", "密钥已过期"],
        ["rotate the key", "请轮换密钥"]),
    row("serial_taken", ["The serial is taken", "密钥序号已被占用"],
        ["take another serial", "请更换序号"]),
    row("public_key_malformed", ["This is no public key", "公钥格式不符"],
        ["send 32 bytes of Ed25519 in base64", "请提交 Base64 编码的 32 字节 Ed25519 公钥"]),
    row("signature_malformed", ["The header is no signature", "签名头格式不符"],
        ["send client, nonce, timestamp, serial, signature", "请提供 client、nonce、timestamp、serial、signature"]),
    row("signature_wrong", ["The signature does not fit", "签名不符"],
        ["compare the five lines that you signed", "请核对所签的五行文本"]),
    row("clock_skewed", ["The timestamp is outside the window", "时间戳超出允许范围"],
        ["set the clock and sign again", "请校准时钟后重新签名"]),
    row("nonce_reused", ["The nonce was used", "随机串已被使用"],
        ["sign again with a fresh nonce", "请使用新的随机串重新签名"]),
    row("session_expired", ["The session has ended", "会话已结束"],
        ["sign in again", "请重新登录"]),
    row("csrf_missing", ["The header `X-CSRF-Token` is missing", "缺少 `X-CSRF-Token` 请求头"],
        ["send the session's token", "请携带本会话的令牌"]),
    row("csrf_wrong", ["The CSRF token is another session's", "CSRF 令牌与会话不符"],
        ["load the page again", "请刷新页面"]),
    row("code_wrong", ["The code is wrong", "验证码错误"],
        ["check it, or ask for another", "请核对或重新获取验证码"]),
    row("code_expired", ["The code has expired", "验证码已过期"],
        ["ask for another", "请重新获取验证码"]),
    row("state_unknown", ["This sign-in was not begun here, or is over", "登录请求不存在或已失效"],
        ["begin again", "请重新发起登录"]),
    row("id_token_invalid", ["The identity provider's token is not good", "身份提供方令牌无效"],
        ["begin again; tell an administrator if it repeats", "请重新登录；如反复出现请联系管理员"]),
    row("credentials_missing", ["Nobody may do this without saying who they are", "未登录，不可执行此操作"],
        ["sign in, or send an API key or a signature in `Authorization`", "请登录，或在 `Authorization` 中提供 API 密钥或签名"]),
    row("credentials_unreadable", ["`Authorization` is not as it must be", "`Authorization` 请求头格式不符"],
        ["send `Bearer` and an API key, or a signature of a scheme of ours", "请提供 `Bearer` 加 API 密钥，或本系统支持的签名"]),
    row("staff_unknown", ["There is no such member of staff or session", "成员或会话不存在"],
        ["`GET /v1/staff` lists the members", "`GET /v1/staff` 可列出成员"]),
    row("messages_unavailable", ["Messages cannot be sent now", "暂时无法发送短信"],
        ["try again later", "请稍后再试"]),
    row("provider_unknown", ["There is no such identity provider", "身份提供方不存在"],
        ["use the name of a provider in `policies/access.toml`", "请使用 `policies/access.toml` 中配置的名称"]),
    row("provider_unavailable", ["The identity provider gives no usable answer", "身份提供方未给出可用的应答"],
        ["begin again; tell an administrator if it repeats", "请重新登录；如反复出现请联系管理员"]),
    row("access_unavailable", ["Who calls cannot be found out now", "暂时无法核实调用方身份"],
        ["repeat the request with the same key", "请用同一幂等键重复请求"]),
    row("identity_invalid", ["The identity number is not valid", "身份证号无效"],
        ["check the eighteen characters of the resident identity number", "请核对十八位居民身份证号码"]),
    row("identity_underage", ["The person is too young", "未达到办理年龄"],
        ["ask again when the person is of age", "请在达到规定年龄后再申请"]),
    row("number_unknown", ["The number is in no segment", "号码不在任何号段内"],
        ["check the eleven digits of the mobile number", "请核对十一位手机号码"]),
    row("telco_not_connected", ["The number belongs to a virtual operator", "号码属于虚拟运营商"],
        ["use a number of China Mobile, Unicom, Telecom or Broadnet", "请使用中国移动、联通、电信或广电的号码"]),
    row("not_the_holder", ["The number is registered to somebody else", "号码登记在他人名下"],
        ["use a number of this person", "请使用本人名下的号码"]),
    row("instrument_not_own", ["The payment instrument is missing or not the person's own", "缺少支付工具，或支付工具非本人所有"],
        ["register the number with the person's own card", "请以本人的银行卡登记号码"]),
    row("product_not_offered", ["The product is not offered there", "当地未开通该产品"],
        ["choose another product", "请选择其他产品"]),
    row("receiver_not_eligible", ["The receiver cannot take the gift", "受赠方不能接收"],
        ["choose another receiver", "请更换受赠方"]),
    row("out_of_province", ["Entered in another province than the product allows", "办理省份不符合产品要求"],
        ["use the number's home province", "请在号码归属省份办理"]),
    row("amount_too_small", ["The amount is too small", "金额过小"],
        ["ask for more", "请提高金额"]),
    row("amount_too_large", ["The amount is too large", "金额过大"],
        ["ask for less", "请降低金额"]),
    row("refund_cap_exceeded", ["The refunds of the day would pass their cap", "超出当日退费上限"],
        ["ask for less, or try again tomorrow", "请降低金额，或次日再试"]),
    row("daily_limit_exceeded", ["The day would pass its limit", "超出当日限额"],
        ["ask for less, or try again tomorrow", "请降低金额，或次日再试"]),
    row("limit_exceeded", ["A limit would be passed", "超出限额"],
        ["ask for less, or try again when the limit begins anew", "请降低金额，或待限额恢复后再试"]),
    row("balance_insufficient", ["The convertible balance does not cover it", "可转出余额不足"],
        ["look at `convertible_fen` of the subscriber's holdings", "请查看用户持有情况中的 `convertible_fen`"]),
    row("calendar_unpublished", ["The arrival date lies beyond the published calendar", "到账日超出已公布的日历"],
        ["ask again when the next year's holidays are published", "请在次年放假安排公布之后再试"]),
    row("licence_missing", ["No licence covers the product there on that day", "当日无许可证覆盖该省的该产品"],
        ["ask for another product, or ask the operator about its licences", "请选择其他产品，或向运营方了解其许可证情况"]),
    row("provenance_not_convertible", ["Airtime of this origin does not leave as money", "该来源的话费不可转出"],
        ["use airtime that its holder paid for", "请使用本人充值的话费"]),
    row("quote_expired", ["The quote has expired", "报价已过期"],
        ["ask for a new quote", "请重新询价"]),
    row("quote_used", ["The quote was taken before", "报价已被使用"],
        ["ask for a new quote", "请重新询价"]),
    row("quote_mismatch", ["The quote was given for something else", "报价与订单不符"],
        ["order what was quoted, or ask for a new quote", "请按报价内容下单，或重新询价"]),
    row("reward_unavailable", ["The reward of the quote is not to be had any more; nothing was taken", "报价所列优惠已不可享受，未扣款"],
        ["ask for a new quote: it shows what can be had now", "请重新询价，新报价将列明现可享受的优惠"]),
    row("recharge_unknown", ["There is no such recharge to refund", "没有可退款的充值"],
        ["name the order of a recharge of this number that was paid here and is not used up", "请填写本号码在本平台支付且尚未用完的充值订单号"]),
    row("person_restricted", ["The person asked to be erased: nothing new begins", "该自然人已申请删除个人信息，不再受理新业务"],
        ["their data is only kept until the retention term has run out", "其信息仅在法定保存期内留存"]),
    row("partner_unavailable", ["A partner is not available; nothing was taken", "合作方暂不可用，未扣款"],
        ["try again later", "请稍后再试"]),
    row("telco_refused", ["The telco refused; nothing was taken", "运营商拒绝，未扣款"],
        ["look at the balance at the telco, then try again", "请核对运营商处的余额后再试"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use facts::Refusal;

    #[test]
    fn every_code_is_told_in_both_languages() {
        let own = Code::ALL.iter().map(|code| code.text());
        let refusals = Refusal::ALL.iter().map(|refusal| refusal.code());
        let codes: Vec<&str> = own.chain(refusals).chain(access::Denied::CODES.iter().copied()).collect();
        for code in &codes {
            let phrase = phrase(code);
            assert_eq!(phrase.code, *code, "nobody wrote about `{code}`");
            for [english, chinese] in [phrase.titles, phrase.hints] {
                assert!(english.is_ascii() && !english.is_empty(), "{code}: {english}");
                assert!(chinese.chars().any(|letter| letter > '\u{4e00}'), "{code}: {chinese}");
                assert!(!english.ends_with('.') && !chinese.ends_with('。'), "{code}");
            }
        }
        for phrase in PHRASES {
            assert!(codes.contains(&phrase.code), "`{}` is no code", phrase.code);
        }
    }
}
