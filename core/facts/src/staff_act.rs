//! What members of staff do that no other fact tells: to identities, keys and devices, and to the node itself.

use crate::UnknownWord;
use crate::terms::words;
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

words! {
    /// Something that a member of staff does.
    StaffAct {
        /// Invite a new member of staff.
        InviteStaff = 0, "invite_staff";
        /// Invite somebody again, who loses password and authenticator.
        InviteStaffAgain = 1, "invite_staff_again";
        /// Give somebody other roles.
        SetRoles = 2, "set_roles";
        /// Shut somebody out.
        DisableStaff = 3, "disable_staff";
        /// End sessions of somebody, one or all.
        EndSessions = 4, "end_sessions";
        /// Set another password for oneself.
        ChangePassword = 5, "change_password";
        /// Come in.
        SignIn = 6, "sign_in";
        /// Let in a partner or an agent.
        AddClient = 7, "add_client";
        /// End every key of a partner or an agent.
        ShutOutClient = 8, "shut_out_client";
        /// Make an API key.
        IssueKey = 9, "issue_key";
        /// Make an API key in the place of another.
        RotateKey = 10, "rotate_key";
        /// End an API key.
        RevokeKey = 11, "revoke_key";
        /// Take or make a signing key, or take a certificate.
        AddSigner = 12, "add_signer";
        /// End a signing key, a certificate or a device.
        RevokeSigner = 13, "revoke_signer";
        /// Make the code with which a till enrols its device.
        InviteDevice = 14, "invite_device";
        /// Use another numbering plan.
        ReplaceNumbers = 15, "replace_numbers";
        /// Move node time.
        AdvanceClock = 16, "advance_clock";
        /// Read the partners' statements at once.
        Sweep = 17, "sweep";
        /// Ask that a person is erased.
        RequestErasure = 18, "request_erasure";
        /// Send an order file.
        SendBatch = 19, "send_batch";
        /// Withdraw an order.
        CancelOrder = 20, "cancel_order";
        /// Change the vault's master key.
        RotateVault = 21, "rotate_vault";
        /// Bring a node back from a copy, which ends sessions, codes and invitations.
        Restore = 22, "restore";
    }
}

impl StaffAct {
    /// Whether it takes something away from somebody: then it is not done without a reason.
    pub const fn takes_away(self) -> bool {
        matches!(
            self,
            StaffAct::InviteStaffAgain
                | StaffAct::SetRoles
                | StaffAct::DisableStaff
                | StaffAct::EndSessions
                | StaffAct::ShutOutClient
                | StaffAct::RotateKey
                | StaffAct::RevokeKey
                | StaffAct::RevokeSigner
                | StaffAct::RequestErasure
                | StaffAct::CancelOrder
        )
    }
}
