//! What can be owned: the closed list of asset kinds and their public codes.

use core::fmt;
use core::str::FromStr;
use minicbor::{Decode, Encode};

/// A network operator whose airtime, data, minutes or messages we account for.
///
/// Source: `data/number_segments_cn.csv.gz`, column `operator`; virtual operators are not connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Telco {
    /// China Mobile (中国移动).
    #[n(0)]
    Cmcc,
    /// China Unicom (中国联通).
    #[n(1)]
    Cucc,
    /// China Telecom (中国电信).
    #[n(2)]
    Ctcc,
    /// China Broadnet (中国广电).
    #[n(3)]
    Cbn,
}

impl Telco {
    /// Every telco, in wire order.
    pub const ALL: [Telco; 4] = [Telco::Cmcc, Telco::Cucc, Telco::Ctcc, Telco::Cbn];

    /// The public code, as in `AIR.CTCC`.
    pub const fn code(self) -> &'static str {
        match self {
            Telco::Cmcc => "CMCC",
            Telco::Cucc => "CUCC",
            Telco::Ctcc => "CTCC",
            Telco::Cbn => "CBN",
        }
    }
}

impl fmt::Display for Telco {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Telco {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Telco, CodeError> {
        Telco::ALL.into_iter().find(|telco| telco.code() == text).ok_or(CodeError::Unknown)
    }
}

/// A short upper-case name given by configuration: a points programme or a fund.
///
/// Shape: 1 to 8 of `A-Z 0-9`, padded with zero bytes, so that it stays `Copy`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Code(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    [u8; 8],
);

/// Why a text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Not 1 to 8 characters of `A-Z 0-9`.
    Malformed,
    /// Well formed, but not on the closed list.
    Unknown,
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CodeError::Malformed => "a code is 1 to 8 characters of A-Z and 0-9",
            CodeError::Unknown => "unknown code",
        })
    }
}

impl core::error::Error for CodeError {}

impl Code {
    /// The programme of a bank's card points.
    pub const BANK: Code = Code(*b"BANK\0\0\0\0");
    /// The programme of an airline's miles.
    pub const AIRLINE: Code = Code(*b"AIRLINE\0");

    /// The name without its padding.
    pub fn as_str(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        core::str::from_utf8(&self.0[..end]).unwrap_or("")
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Code, CodeError> {
        let bytes = text.as_bytes();
        let fits = (1..=8).contains(&bytes.len());
        if !fits || !bytes.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            return Err(CodeError::Malformed);
        }
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        Ok(Code(padded))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One asset: what an account holds and a transfer moves.
///
/// Units, by kind: fen (1/100 CNY), fen of airtime, KiB, seconds, messages, points, grams, and
/// ten-thousandths of a fund share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Asset {
    /// Renminbi, in fen.
    #[n(0)]
    Cny,
    /// Airtime of one telco, in fen of face value.
    #[n(1)]
    Airtime(#[n(0)] Telco),
    /// Data allowance of one telco, in KiB.
    #[n(2)]
    Data(#[n(0)] Telco),
    /// Voice allowance of one telco, in seconds.
    #[n(3)]
    Voice(#[n(0)] Telco),
    /// Messages of one telco.
    #[n(4)]
    Sms(#[n(0)] Telco),
    /// Points of one programme.
    #[n(5)]
    Points(#[n(0)] Code),
    /// Carbon points, in grams of CO2 equivalent.
    #[n(6)]
    Green,
    /// Shares of one fund, in ten-thousandths.
    #[n(7)]
    Fund(#[n(0)] Code),
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asset::Cny => f.write_str("CNY"),
            Asset::Airtime(telco) => write!(f, "AIR.{telco}"),
            Asset::Data(telco) => write!(f, "DATA.{telco}"),
            Asset::Voice(telco) => write!(f, "VOICE.{telco}"),
            Asset::Sms(telco) => write!(f, "SMS.{telco}"),
            Asset::Points(programme) => write!(f, "PTS.{programme}"),
            Asset::Green => f.write_str("GREEN"),
            Asset::Fund(fund) => write!(f, "FUND.{fund}"),
        }
    }
}

impl FromStr for Asset {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Asset, CodeError> {
        match text.split_once('.') {
            None if text == "CNY" => Ok(Asset::Cny),
            None if text == "GREEN" => Ok(Asset::Green),
            Some(("AIR", telco)) => Ok(Asset::Airtime(telco.parse()?)),
            Some(("DATA", telco)) => Ok(Asset::Data(telco.parse()?)),
            Some(("VOICE", telco)) => Ok(Asset::Voice(telco.parse()?)),
            Some(("SMS", telco)) => Ok(Asset::Sms(telco.parse()?)),
            Some(("PTS", programme)) => Ok(Asset::Points(programme.parse()?)),
            Some(("FUND", fund)) => Ok(Asset::Fund(fund.parse()?)),
            _ => Err(CodeError::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_reads_back_from_its_code() {
        let programme: Code = "CMBPTS".parse().expect("well formed");
        let mut assets = vec![Asset::Cny, Asset::Green, Asset::Points(programme), Asset::Fund(programme)];
        for telco in Telco::ALL {
            assets.extend([Asset::Airtime(telco), Asset::Data(telco), Asset::Voice(telco), Asset::Sms(telco)]);
        }
        for asset in assets {
            assert_eq!(asset.to_string().parse(), Ok(asset));
        }
    }

    #[test]
    fn known_programmes_read_back_from_their_names() {
        for (programme, text) in [(Code::BANK, "BANK"), (Code::AIRLINE, "AIRLINE")] {
            assert_eq!((programme.as_str(), text.parse()), (text, Ok(programme)));
        }
    }

    #[test]
    fn a_code_outside_its_alphabet_is_refused() {
        for text in ["", "lower", "NINECHARS", "A B", "中"] {
            assert_eq!(text.parse::<Code>(), Err(CodeError::Malformed), "{text}");
        }
        assert_eq!("AIR.XXXX".parse::<Asset>(), Err(CodeError::Unknown));
    }
}
