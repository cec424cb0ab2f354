//! Quantities as Kubernetes writes them, compared by value.

/// Whether both texts mean the same amount. Texts that are no quantities are compared as
/// they are.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one == other
        || parse(one)
            .zip(parse(other))
            .is_some_and(|(one, other)| one == other)
}

/// A quantity in billionths.
fn parse(text: &str) -> Option<i128> {
    let end = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let billionths = digits.checked_mul(billionths(suffix)?)?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    // Kubernetes rounds up what is smaller than a billionth.
    let rest = i128::from(billionths % divisor > 0);
    Some(billionths / divisor + rest)
}

fn billionths(suffix: &str) -> Option<i128> {
    const ONE: i128 = 1_000_000_000;
    let binary = |power| Some(ONE * (1_i128 << (10 * power)));
    let decimal = |power| Some(ONE * 1000_i128.pow(power));
    match suffix {
        "n" => Some(1),
        "u" => Some(1_000),
        "m" => Some(1_000_000),
        "" => Some(ONE),
        "k" => decimal(1),
        "M" => decimal(2),
        "G" => decimal(3),
        "T" => decimal(4),
        "P" => decimal(5),
        "E" => decimal(6),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_compared_by_value() {
        let table = [
            ("1", "1000m", true),
            ("0.5", "500m", true),
            ("1Gi", "1024Mi", true),
            ("1.5Gi", "1536Mi", true),
            ("1G", "1Gi", false),
            ("1G", "1000M", true),
            ("2k", "2000", true),
            (".5", "0.5", true),
            ("1000000u", "1", true),
            ("1", "1001m", false),
            ("x", "x", true),
            ("1x", "1y", false),
            ("", "0", false),
            (".", "0", false),
            (
                "9999999999999999999999999999E",
                "9999999999999999999999999999E",
                true,
            ),
        ];
        for (one, other, expected) in table {
            assert_eq!(is_same(one, other), expected, "{one} and {other}");
            assert_eq!(is_same(other, one), expected, "{other} and {one}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_the_same_as_itself_and_none_panics(one in ".{0,32}", other in ".{0,32}") {
            prop_assert!(is_same(&one, &one));
            is_same(&one, &other);
        }

        #[test]
        fn thousandths_are_a_thousandth(amount in 0_u64..1_000_000_000) {
            let thousandths = format!("{amount}000m");
            prop_assert!(is_same(&amount.to_string(), &thousandths));
        }
    }
}
