//! The life of a staff account: invited, enrolled, active, disabled; and who may sign in.
//!
//! There is no default account. The first administrator is invited by [`Access::bootstrap`], everybody else by an
//! administrator. Somebody who lost a password or an authenticator is invited again, which takes both away.

use crate::access::{check_name, needs};
use crate::secret::{Digest, InvitationToken, Password, TotpSeed, random, random_text};
use crate::session::Opened;
use crate::store::{At, Rows};
use crate::{Access, AccessError, Denied, Principal, PrincipalId, Role, Roles, password, sql, totp, tries};
use facts::Millis;
use rusqlite::Row;
use std::net::IpAddr;

/// How far an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffState {
    /// Has an enrolment token and nothing else.
    Invited,
    /// Has a password; the authenticator is not confirmed.
    Enrolled,
    /// May sign in.
    Active,
    /// May not.
    Disabled,
}

/// A one-time enrolment token, shown once.
#[derive(Debug)]
pub struct Invitation {
    /// For whom.
    pub staff: PrincipalId,
    /// What they enrol with.
    pub token: InvitationToken,
    /// Until when.
    pub until: Millis,
}

/// What an authenticator is set up with, shown once.
#[derive(Debug)]
pub struct Enrolment {
    /// Of whom.
    pub staff: PrincipalId,
    /// To be typed.
    pub seed: TotpSeed,
    /// The same as an `otpauth:` address, for a QR code.
    pub uri: TotpSeed,
}

/// What somebody signs in with.
#[derive(Debug)]
pub struct Credentials<'a> {
    /// The sign-in name.
    pub name: &'a str,
    /// The password.
    pub password: &'a Password,
    /// What the authenticator shows.
    pub code: &'a str,
}

/// An account, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Which one.
    pub id: PrincipalId,
    /// The sign-in name.
    pub name: String,
    /// In which roles.
    pub roles: Roles,
    /// How far it is.
    pub state: StaffState,
}

/// An account as it is stored.
struct Account {
    member: Member,
    invited_until: Millis,
    password: Option<String>,
    totp: Option<Vec<u8>>,
    totp_step: u64,
}

impl Account {
    fn read(row: &Row<'_>) -> rusqlite::Result<Account> {
        let state = match row.get::<_, u8>(3)? {
            0 => StaffState::Invited,
            1 => StaffState::Enrolled,
            2 => StaffState::Active,
            _ => StaffState::Disabled,
        };
        let id = PrincipalId(row.get(0)?);
        let member = Member { id, name: row.get(1)?, roles: Roles::of_number(row.get(2)?), state };
        Ok(Account {
            member,
            invited_until: row.get::<_, At>(4)?.0,
            password: row.get(5)?,
            totp: row.get(6)?,
            totp_step: row.get::<_, At>(7)?.0.0,
        })
    }

    fn principal(&self) -> Principal {
        Principal::staff(self.member.id, &self.member.name, self.member.roles)
    }

    fn is_active(&self) -> bool {
        self.member.state == StaffState::Active
    }
}

fn by_id(rows: &Rows<'_>, id: PrincipalId) -> Result<Account, AccessError> {
    Ok(rows.one(sql::STAFF_BY_ID, [id.0], Account::read)?.ok_or(Denied::PrincipalUnknown)?)
}

/// Errors: without this account no administrator could sign in.
fn check_not_last(rows: &Rows<'_>, id: PrincipalId) -> Result<(), AccessError> {
    let admins = rows.all(sql::STAFF_ALL, [], Account::read)?;
    let mut active = admins.iter().filter(|account| account.is_active() && account.member.roles.has(Role::Admin));
    let last = active.clone().count() == 1 && active.any(|account| account.member.id == id);
    if last { Err(Denied::LastAdministrator.into()) } else { Ok(()) }
}

/// What a seed is sealed for.
pub fn place_of_seed(id: PrincipalId) -> String {
    format!("totp of staff {id}")
}

impl Access {
    /// Whoever holds the node's key file. Such a person may let anybody in: commands on the node's machine act as this.
    pub fn keeper(&self) -> Principal {
        Principal::staff(PrincipalId([0xff; 16]), "keeper", Roles::of(&[Role::Admin]))
    }

    /// Invites the first administrator; said again it makes another token, and the last one is good no more.
    ///
    /// Errors: an administrator is active.
    pub fn bootstrap(&self, name: &str, now: Millis) -> Result<Invitation, AccessError> {
        check_name(name)?;
        self.store.write(|rows| {
            let all = rows.all(sql::STAFF_ALL, [], Account::read)?;
            if all.iter().any(|account| account.is_active() && account.member.roles.has(Role::Admin)) {
                return Err(Denied::BootstrapClosed.into());
            }
            rows.change(sql::STAFF_UNINVITE, [])?;
            let admin = Roles::of(&[Role::Admin]);
            match all.into_iter().find(|account| account.member.name == name) {
                None => self.invite_new(rows, name, admin, now),
                Some(known) => {
                    rows.change(sql::STAFF_ROLES, (known.member.id.0, admin.number()))?;
                    self.invite_known(rows, known.member.id, now)
                }
            }
        })
    }

    /// Invites a new member of staff.
    ///
    /// Errors: whoever asks is no administrator; the name is taken; the roles are not staff's.
    pub fn invite(&self, by: &Principal, name: &str, roles: Roles, now: Millis) -> Result<Invitation, AccessError> {
        needs(by, Role::Admin)?;
        check_name(name)?;
        if !roles.fit_staff() {
            return Err(Denied::RolesNotAllowed.into());
        }
        self.store.write(|rows| match rows.one(sql::STAFF_BY_NAME, [name], Account::read)? {
            Some(_) => Err(Denied::NameTaken.into()),
            None => self.invite_new(rows, name, roles, now),
        })
    }

    /// Invites somebody again who lost a password or an authenticator, or was disabled. Both are taken away, and
    /// every session ends.
    ///
    /// Errors: whoever asks is no administrator, or this is the last one.
    pub fn invite_again(&self, by: &Principal, id: PrincipalId, now: Millis) -> Result<Invitation, AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let account = by_id(rows, id)?;
            check_not_last(rows, id)?;
            self.end_sessions_in(rows, &account.principal())?;
            self.invite_known(rows, id, now)
        })
    }

    fn invite_new(&self, rows: &Rows<'_>, name: &str, roles: Roles, now: Millis) -> Result<Invitation, AccessError> {
        let (staff, token, until) = (PrincipalId(*random()?), random_text()?, self.staff_until(now));
        let digest = Digest::of(&token);
        rows.change(sql::STAFF_PUT, (staff.0, name, roles.number(), digest.0, At(until), At(now)))?;
        Ok(Invitation { staff, token: InvitationToken::new(token.as_str()), until })
    }

    fn invite_known(&self, rows: &Rows<'_>, staff: PrincipalId, now: Millis) -> Result<Invitation, AccessError> {
        let (token, until) = (random_text()?, self.staff_until(now));
        rows.change(sql::STAFF_INVITE, (staff.0, Digest::of(&token).0, At(until)))?;
        Ok(Invitation { staff, token: InvitationToken::new(token.as_str()), until })
    }

    fn staff_until(&self, now: Millis) -> Millis {
        now.plus(self.settings.invitations.staff_s * 1_000)
    }

    /// Sets a password and makes the seed of an authenticator. May be said again until it is confirmed.
    ///
    /// Errors: the token is not good, or the password is too easy to guess.
    pub fn enrol(
        &self,
        token: &InvitationToken,
        password: &Password,
        from: IpAddr,
        now: Millis,
    ) -> Result<Enrolment, AccessError> {
        self.admit_address(from, now)?;
        let Member { id, name, .. } = self.store.read(|rows| invited(rows, token, now))?.member;
        password::check(password, &name, self.settings.passwords)?;
        let (hash, seed) = (self.hasher.hash(password)?, totp::fresh()?);
        let sealed = self.keys.seal(&place_of_seed(id), &seed[..])?;
        self.store.write(|rows| {
            // The invitation may have been replaced meanwhile.
            invited(rows, token, now)?;
            rows.change(sql::STAFF_ENROL, (id.0, &hash, &sealed))
        })?;
        Ok(Enrolment { staff: id, seed: totp::text(&seed[..]), uri: totp::uri(&seed[..], &name) })
    }

    /// Confirms the authenticator with its first code; the token is used up and the account is active.
    ///
    /// Errors: the token is not good, no password was set, or the code is wrong.
    pub fn confirm(&self, token: &InvitationToken, code: &str, from: IpAddr, now: Millis) -> Result<(), AccessError> {
        self.admit_address(from, now)?;
        self.store.write(|rows| {
            let account = invited(rows, token, now)?;
            self.use_code(rows, &account, code, now)?;
            match rows.change(sql::STAFF_ACTIVATE, [account.member.id.0])? {
                1 => Ok(()),
                _ => Err(Denied::InvitationInvalid.into()),
            }
        })
    }

    /// Opens a session for whoever has name, password and authenticator.
    ///
    /// Errors: one of the three is wrong, which is not said; the name is locked; there were too many tries.
    pub fn sign_in(&self, given: &Credentials<'_>, from: IpAddr, now: Millis) -> Result<Opened, AccessError> {
        let subject = self.keys.digest(&[b"staff", given.name.as_bytes()]);
        self.admit(&subject, from, now)?;
        let account = self.store.write(|rows| {
            tries::charge(rows, &subject, self.settings.tries, now)?;
            rows.one(sql::STAFF_BY_NAME, [given.name], Account::read)
        })?;
        let account = account.filter(Account::is_active);
        let hash = account.as_ref().and_then(|account| account.password.as_deref());
        // Both are looked at whatever becomes of the first.
        let password_fits = self.hasher.verify(given.password, hash);
        let step = self.step_of(account.as_ref(), given.code, now)?;
        let (Some(account), true, Ok(step)) = (account, password_fits, step) else {
            return Err(Denied::CredentialWrong.into());
        };
        // The settings ask for more, or less, than when it was made.
        let stale = account.password.as_deref().is_some_and(|hash| !self.hasher.is_current(hash));
        let renewed = if stale { Some(self.hasher.hash(given.password)?) } else { None };
        self.store.write(|rows| {
            let now_known = rows.one(sql::STAFF_BY_ID, [account.member.id.0], Account::read)?;
            let same = now_known.is_some_and(|known| known.is_active() && known.password == account.password);
            if !same || rows.change(sql::TOTP_USE, (account.member.id.0, At(Millis(step))))? == 0 {
                return Err(Denied::CredentialWrong.into());
            }
            if let Some(hash) = &renewed {
                rows.change(sql::STAFF_PASSWORD, (account.member.id.0, hash))?;
            }
            tries::forgive(rows, &subject)?;
            self.open_in(rows, &account.principal(), now)
        })
    }

    /// Asks somebody who is signed in for the authenticator once more, before something that weighs.
    ///
    /// Errors: the code is wrong or was used, or too many were.
    pub fn confirm_again(&self, who: &Principal, code: &str, now: Millis) -> Result<(), AccessError> {
        self.store.write(|rows| {
            let account = by_id(rows, who.id())?;
            if !account.is_active() {
                return Err(Denied::SessionExpired.into());
            }
            self.use_code(rows, &account, code, now)
        })
    }

    /// Sets another password; every session ends, and a fresh one is opened for whoever did it.
    ///
    /// Errors: the old password is wrong, or the new one too easy to guess.
    pub fn change_password(
        &self,
        who: &Principal,
        old: &Password,
        new: &Password,
        now: Millis,
    ) -> Result<Opened, AccessError> {
        let subject = self.keys.digest(&[b"password", &who.id().0]);
        let account = self.store.write(|rows| {
            let account = by_id(rows, who.id())?;
            tries::charge(rows, &subject, self.settings.tries, now)?;
            Ok(account)
        })?;
        if !self.hasher.verify(old, account.password.as_deref()) || !account.is_active() {
            return Err(Denied::CredentialWrong.into());
        }
        password::check(new, &account.member.name, self.settings.passwords)?;
        let hash = self.hasher.hash(new)?;
        self.store.write(|rows| {
            tries::forgive(rows, &subject)?;
            rows.change(sql::STAFF_PASSWORD, (account.member.id.0, &hash))?;
            self.end_sessions_in(rows, &account.principal())?;
            self.open_in(rows, &account.principal(), now)
        })
    }

    /// Gives somebody other roles; every session of theirs ends, so that none keeps the old ones.
    ///
    /// Errors: whoever asks is no administrator; the roles are not staff's; no administrator would be left.
    pub fn set_roles(&self, by: &Principal, id: PrincipalId, roles: Roles) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        if !roles.fit_staff() {
            return Err(Denied::RolesNotAllowed.into());
        }
        self.store.write(|rows| {
            let account = by_id(rows, id)?;
            if !roles.has(Role::Admin) {
                check_not_last(rows, id)?;
            }
            rows.change(sql::STAFF_ROLES, (id.0, roles.number()))?;
            self.end_sessions_in(rows, &account.principal())
        })
    }

    /// Shuts somebody out: password and authenticator go, every session and API key ends.
    ///
    /// Errors: whoever asks is no administrator, or this is the last one.
    pub fn disable(&self, by: &Principal, id: PrincipalId) -> Result<(), AccessError> {
        needs(by, Role::Admin)?;
        self.store.write(|rows| {
            let account = by_id(rows, id)?;
            check_not_last(rows, id)?;
            rows.change(sql::STAFF_DISABLE, [id.0])?;
            self.revoke_keys_in(rows, &account.principal())?;
            self.end_sessions_in(rows, &account.principal())
        })
    }

    /// All accounts, by name.
    pub fn members(&self) -> Result<Vec<Member>, AccessError> {
        let all = self.store.read(|rows| rows.all(sql::STAFF_ALL, [], Account::read))?;
        Ok(all.into_iter().map(|account| account.member).collect())
    }

    /// The principal of a member of staff as their account says now.
    pub(crate) fn staff_now(&self, rows: &Rows<'_>, id: PrincipalId) -> Result<Option<Principal>, AccessError> {
        let account = rows.one(sql::STAFF_BY_ID, [id.0], Account::read)?;
        Ok(account.filter(Account::is_active).map(|account| account.principal()))
    }

    /// The step that a code belongs to. For nobody it is as much work, and no step.
    fn step_of(&self, account: Option<&Account>, code: &str, now: Millis) -> Result<Result<u64, Denied>, AccessError> {
        let sealed = account.and_then(|account| account.totp.as_ref().map(|sealed| (account, sealed)));
        let Some((account, sealed)) = sealed else {
            let unknown = totp::fresh()?;
            return Ok(totp::step(&unknown[..], code, now).and(Err(Denied::TotpWrong)));
        };
        let seed = self.keys.open(&place_of_seed(account.member.id), sealed)?;
        Ok(totp::step(&seed, code, now).and_then(|step| match step > account.totp_step {
            true => Ok(step),
            false => Err(Denied::TotpWrong),
        }))
    }

    /// Uses up a code of an account's authenticator.
    fn use_code(&self, rows: &Rows<'_>, account: &Account, code: &str, now: Millis) -> Result<(), AccessError> {
        let subject = self.keys.digest(&[b"totp", &account.member.id.0]);
        tries::charge(rows, &subject, self.settings.tries, now)?;
        let step = self.step_of(Some(account), code, now)??;
        if rows.change(sql::TOTP_USE, (account.member.id.0, At(Millis(step))))? == 0 {
            return Err(Denied::TotpWrong.into());
        }
        tries::forgive(rows, &subject)
    }
}

/// The account that a token invites.
fn invited(rows: &Rows<'_>, token: &InvitationToken, now: Millis) -> Result<Account, AccessError> {
    let account = rows.one(sql::STAFF_BY_INVITATION, [Digest::of(token.expose()).0], Account::read)?;
    Ok(account.filter(|account| now < account.invited_until).ok_or(Denied::InvitationInvalid)?)
}
