//! Personal values that do not print themselves.

use std::fmt;
use std::sync::Arc;

/// Why a text is not a personal value. Says what is allowed, never what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PersonalError {
    /// Not an identity number.
    #[error("not an identity number: 6 to 20 letters and digits are allowed")]
    IdentityNumber,
    /// Not a mobile number.
    #[error("not a mobile number: 11 digits starting with 1 are allowed, with or without +86")]
    Msisdn,
    /// Not a card number.
    #[error("not a card number: 6 to 32 letters, digits and `_` are allowed")]
    CardNumber,
    /// Not a name.
    #[error("not a name: 1 to 128 characters without control characters are allowed")]
    PersonName,
}

/// A value about a person, which prints itself masked and is never written as data.
pub trait Personal: fmt::Display + fmt::Debug + sealed::Sealed {}

mod sealed {
    /// Nobody else makes such values.
    pub trait Sealed {}
}

macro_rules! personal {
    ($(#[$doc:meta])* $name:ident, $normalise:ident, $keep_first:expr, $keep_last:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Normalises and checks a text.
            pub fn parse(text: &str) -> Result<Self, PersonalError> {
                $normalise(text).map(|text| Self(text.into())).ok_or(PersonalError::$name)
            }

            /// The value itself. Only for a partner call or an authorised reader, never for a log.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl sealed::Sealed for $name {}
        impl Personal for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_masked(f, &self.0, $keep_first, $keep_last)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_masked(f, &self.0, $keep_first, $keep_last)
            }
        }
    };
}

personal!(
    /// A mobile number: 11 digits, without country code. Prints as `138****5678`.
    Msisdn, normal_msisdn, 3, 4
);
personal!(
    /// An identity document number in capitals. Prints as `110***********001X`.
    IdentityNumber, normal_identity, 3, 4
);
personal!(
    /// A bank or voucher card number, or a bank's token for one. Prints as `************1234`.
    CardNumber, normal_card, 0, 4
);
personal!(
    /// A person's name. Prints as its first character and stars.
    PersonName, normal_name, 1, 0
);

/// Writes a value with all but its ends starred; entirely starred when the ends would be most of it.
fn write_masked(f: &mut fmt::Formatter<'_>, value: &str, keep_first: usize, keep_last: usize) -> fmt::Result {
    let count = value.chars().count();
    let too_short = 3 * (keep_first + keep_last) > 2 * count;
    let (first, last) = if too_short { (0, 0) } else { (keep_first, keep_last) };
    for (at, char) in value.chars().enumerate() {
        let kept = at < first || at + last >= count;
        fmt::Write::write_char(f, if kept { char } else { '*' })?;
    }
    Ok(())
}

fn normal_msisdn(text: &str) -> Option<String> {
    let digits = without_separators(text);
    let bare = ["+86", "0086"].iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(&digits);
    let valid = bare.len() == 11 && bare.starts_with('1') && bare.bytes().all(|b| b.is_ascii_digit());
    valid.then(|| bare.to_owned())
}

fn normal_identity(text: &str) -> Option<String> {
    let number = without_separators(text).to_ascii_uppercase();
    let valid = (6..=20).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
    valid.then_some(number)
}

fn normal_card(text: &str) -> Option<String> {
    let number = without_separators(text);
    let valid = (6..=32).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    valid.then_some(number)
}

fn normal_name(text: &str) -> Option<String> {
    let name = text.trim();
    let valid = (1..=128).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    valid.then(|| name.to_owned())
}

/// People write numbers in groups; the groups mean nothing.
fn without_separators(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, ' ' | '-' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_values_print_masked() {
        let rows: [(Box<dyn fmt::Debug>, &str); 6] = [
            (Box::new(Msisdn::parse("13812345678").unwrap()), "138****5678"),
            (Box::new(IdentityNumber::parse("11010519491231002x").unwrap()), "110***********002X"),
            (Box::new(CardNumber::parse("6222 0212 3456 7890 123").unwrap()), "***************0123"),
            (Box::new(CardNumber::parse("abcdef").unwrap()), "**cdef"),
            (Box::new(PersonName::parse("张三丰").unwrap()), "张**"),
            (Box::new(PersonName::parse("李").unwrap()), "*"),
        ];
        for (value, masked) in rows {
            assert_eq!(format!("{value:?}"), masked);
        }
        assert_eq!(Msisdn::parse("13812345678").unwrap().to_string(), "138****5678");
    }

    /// Does not compile when a type has the trait: of two ways to be `Told` the compiler then knows not which.
    macro_rules! assert_without {
        ($bound:path: $($name:ty),*) => {$({
            trait Told<Way> {
                fn told() {}
            }
            impl<T: ?Sized> Told<()> for T {}
            impl<T: ?Sized + $bound> Told<u8> for T {}
            <$name as Told<_>>::told();
        })*};
    }

    #[test]
    fn personal_values_are_never_written_as_data() {
        assert_without!(serde::Serialize: Msisdn, IdentityNumber, CardNumber, PersonName);
        assert_without!(AsRef<str>: Msisdn, IdentityNumber, CardNumber, PersonName);
        assert_without!(std::ops::Deref: Msisdn, IdentityNumber, CardNumber, PersonName);
    }

    #[test]
    fn the_same_number_is_one_value_however_it_is_written() {
        for text in ["13812345678", "+8613812345678", "0086 138-1234-5678", " 138 1234 5678 "] {
            assert_eq!(Msisdn::parse(text).unwrap().expose(), "13812345678");
        }
        assert_eq!(IdentityNumber::parse("11010519491231002x"), IdentityNumber::parse("110105 19491231 002X"));
        for text in ["", "1381234567", "23812345678", "138123456789", "1381234567a", "+1 13812345678"] {
            assert_eq!(Msisdn::parse(text), Err(PersonalError::Msisdn));
        }
        assert_eq!(PersonName::parse("a\nb"), Err(PersonalError::PersonName));
        assert_eq!(CardNumber::parse("12345"), Err(PersonalError::CardNumber));
    }
}
