//! Attempts to come in as somebody who is known, or to do what they may not: what is noted of them.

use crate::UnknownWord;
use crate::terms::words;
use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

words! {
    /// What was tried.
    Attack {
        /// A wrong secret was shown with a name that is known: password, key or signature.
        WrongSecret = 0, "wrong_secret";
        /// A signed request was sent again.
        Replay = 1, "replay";
        /// A session was used from a page that is not ours.
        ForeignPage = 2, "foreign_page";
        /// A known name was locked after wrong tries, and tried on.
        TriedOnLocked = 3, "tried_on_locked";
        /// Something was asked for that the caller's roles do not allow.
        NotPermitted = 4, "not_permitted";
        /// Far more was asked than the limits let through.
        Flood = 5, "flood";
        /// A thing of somebody else was asked for.
        OthersThing = 6, "others_thing";
    }
}
