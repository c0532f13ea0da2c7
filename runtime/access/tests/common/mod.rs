//! A store in a directory that vanishes, cheap hashes, and an administrator who has enrolled.
#![allow(dead_code, reason = "each test file uses some of it")]

use access::{
    Access, AccessError, AccessKey, Credentials, Denied, InvitationToken, Opened, Password, Principal, Roles, Settings,
    TotpSeed,
};
use facts::Millis;
use std::net::{IpAddr, Ipv4Addr};
use tempfile::TempDir;

/// 2027-01-15, mid-morning.
pub const NOW: Millis = Millis(1_800_000_000_000);
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
pub const PASSWORD: &str = "correct horse battery";

pub struct Place {
    directory: TempDir,
    settings: Settings,
    pub access: Access,
}

/// The shipped settings with the cheapest hashes there are.
pub fn settings() -> Settings {
    changed(&[])
}

pub fn changed(changes: &[(&str, &str)]) -> Settings {
    let mut text =
        Settings::SHIPPED.replace("memory_kib = 19_456", "memory_kib = 8").replace("passes = 2", "passes = 1");
    for (shipped, other) in changes {
        assert!(text.contains(shipped), "{shipped}");
        text = text.replace(shipped, other);
    }
    Settings::parse(&text).unwrap()
}

impl Place {
    pub fn new() -> Place {
        Place::with(settings())
    }

    pub fn with(settings: Settings) -> Place {
        let directory = TempDir::new().unwrap();
        let access = open(&directory, &settings).unwrap();
        Place { directory, settings, access }
    }

    /// The same store, as after a restart.
    pub fn reopened(self) -> Place {
        let settings = self.settings.clone();
        self.reopened_with(settings)
    }

    /// The same under other settings.
    pub fn reopened_with(self, settings: Settings) -> Place {
        let Place { directory, access, .. } = self;
        drop(access);
        let access = open(&directory, &settings).unwrap();
        Place { directory, settings, access }
    }

    /// The directory, when nobody has the store open.
    pub fn closed(self) -> TempDir {
        self.directory
    }

    /// The same store in another process.
    pub fn beside(&self) -> Access {
        open(&self.directory, &self.settings).unwrap()
    }

    pub fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("access.sqlite")
    }

    /// All bytes of the store's files.
    pub fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.directory.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// Somebody who enrolled and signed in.
    pub fn admin(&self) -> Member {
        let invitation = self.access.bootstrap("root.admin", NOW).unwrap();
        self.enrolled("root.admin", &invitation.token)
    }

    pub fn staff(&self, by: &Principal, name: &'static str, roles: Roles) -> Member {
        let invitation = self.access.invite(by, name, roles, NOW).unwrap();
        self.enrolled(name, &invitation.token)
    }

    pub fn enrolled(&self, name: &'static str, token: &InvitationToken) -> Member {
        let enrolment = self.access.enrol(token, &Password::new(PASSWORD), HERE, NOW).unwrap();
        self.access.confirm(token, &enrolment.seed.code_at(NOW), HERE, NOW).unwrap();
        let seed = enrolment.seed;
        let signed_in = NOW.plus(30_000);
        let opened = self.sign_in(name, PASSWORD, &seed.code_at(signed_in), signed_in).unwrap();
        Member { name, seed, principal: (*opened.session.principal).clone(), opened }
    }

    pub fn sign_in(&self, name: &str, password: &str, code: &str, now: Millis) -> Result<Opened, AccessError> {
        let password = Password::new(password);
        self.access.sign_in(&Credentials { name, password: &password, code }, HERE, now)
    }
}

fn open(directory: &TempDir, settings: &Settings) -> Result<Access, AccessError> {
    let file = directory.path().join("access.sqlite");
    Access::open(&file, &AccessKey::from_bytes([7; 32]), settings.clone())
}

/// Somebody who can sign in.
pub struct Member {
    pub name: &'static str,
    pub seed: TotpSeed,
    pub principal: Principal,
    pub opened: Opened,
}

pub fn denied<T>(result: Result<T, AccessError>) -> Denied {
    match result {
        Err(AccessError::Denied(denied)) => denied,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was allowed"),
    }
}
