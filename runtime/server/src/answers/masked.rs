//! Personal data as answers show it: masked, by its type.

use serde::Serialize;
use utoipa::ToSchema;

/// A masked value. There is no way to make one of a text, so that no answer shows another by mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct Masked(String);

impl<T: vault::Personal> From<T> for Masked {
    fn from(value: T) -> Masked {
        Masked(value.to_string())
    }
}
