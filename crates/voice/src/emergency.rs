//! Emergency services that a caller is connected with: 110, 119, 120, 122.

use kernel::parameters::{ParameterSpec, Parameters};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// The parameter that names them.
const NUMBERS: &str = "voice.emergency_numbers";
/// Services at most.
const SERVICES_MAX: usize = 12;

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EmergencyService)]
pub struct Service {
    /// The number that people know.
    pub code: String,
    /// What is dialled for it.
    #[serde(skip)]
    pub number: String,
}

/// The parameter that administrators change on screen.
#[must_use]
pub fn parameter() -> ParameterSpec {
    ParameterSpec {
        key: NUMBERS,
        default: json!("110,119,120,122"),
        zh: "紧急转接的号码（逗号分隔；实际拨打的号码不同时写作 110=02163110110）",
        en: "Numbers of emergency services, by commas; 110=02163110110 where another number is dialled",
    }
}

/// Returns the services in their order.
#[must_use]
pub fn services(parameters: &Parameters) -> Vec<Service> {
    let parameter = parameters.get(NUMBERS);
    read(parameter.as_ref().and_then(|parameter| parameter.value.as_str()).unwrap_or_default())
}

fn read(text: &str) -> Vec<Service> {
    let digits =
        |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split([',', '，', ' '])
        .filter_map(|entry| {
            let entry = entry.trim();
            let (code, number) = entry.split_once('=').unwrap_or((entry, entry));
            let (code, number) = (code.trim(), number.trim());
            (digits(code) && digits(number))
                .then(|| Service { code: code.to_owned(), number: number.to_owned() })
        })
        .take(SERVICES_MAX)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_is_no_number_is_no_service() {
        let services = read("110=02163110110, 119，sip:x@y,,120 ");
        let all: Vec<_> = services.iter().map(|one| (one.code.as_str(), one.number.as_str())).collect();
        assert_eq!(all, [("110", "02163110110"), ("119", "119"), ("120", "120")]);
    }
}
