//! Names stay within every limit, and are always the same.

use proptest::prelude::{prop_assert, prop_assert_ne, proptest};
use source_api::names;

const UID: &str = "7e0a6a5c-3f1c-4a55-9a4a-2b8f0c9d1e2f";

/// The table of Knative's own test.
#[test]
fn child_names_are_cut_as_knative_cuts_them() {
    let long = "f".repeat(63);
    let table = [
        ("asdf", "-deployment", "asdf-deployment"),
        (
            &long,
            "-deployment",
            "ffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deployment",
        ),
        (
            &long,
            "-deploy",
            "ffffffffffffffffffffffff105d7597f637e83cc711605ac3ea4957-deploy",
        ),
    ];
    for (parent, suffix, expected) in table {
        assert_eq!(
            names::child_name(parent, suffix),
            expected,
            "{parent}{suffix}"
        );
    }
}

#[test]
fn names_of_a_source_are_these() {
    insta::assert_snapshot!(names::adapter("photos", UID), @"mnsosssource-photos-7e0a6a5c-3f1c-4a55-9a4a-2b8f0c9d1e2f");
    insta::assert_snapshot!(names::oidc_account("photos"), @"photos-oidc-sources.eventing.knative.dev-mnsosssource");
    insta::assert_snapshot!(names::queue("default", "photos", UID), @"mnsoss-default-photos-39c9ec6f4ccb0ef7");
    insta::assert_snapshot!(names::queue("team.a", "a.b_c", UID), @"mnsoss-team-a-a-b-c-39c9ec6f4ccb0ef7");
    insta::assert_snapshot!(names::event_rule("default", "photos", UID, &["a"]), @"mnsoss-default-photos-0eb5b8d6f81b-39c9ec6f4ccb0ef7");
    insta::assert_snapshot!(names::event_type("oss:ObjectCreated:PutObject", "acs.oss", "", UID), @"7dfcd4e50f390b1810d2b148b4c1383e");
}

/// What `GetOIDCServiceAccountNameForResource` of Knative Eventing makes of names that are too long.
#[test]
fn service_accounts_are_named_as_knative_names_them() {
    let table = [
        (
            "photos-of-the-shop",
            "photos-of-the-shop3a686c3742fbb0c3e0a4bf926258bc7b-oidc-sources",
        ),
        (
            &"p".repeat(253),
            "pppppppppppppppppppppppppppppppb9ff21e2b57eb8f5fa074e08cc5a97dd",
        ),
    ];
    for (name, expected) in table {
        assert_eq!(names::oidc_account(name), expected, "{name}");
    }
}

#[test]
fn only_what_was_made_for_a_source_is_its_own() {
    let table = [
        ("its queue", names::queue("default", "photos", UID), true),
        (
            "a longer name's",
            names::queue("default", &"p".repeat(253), UID),
            true,
        ),
        (
            "another source's of that name",
            names::queue("default", "photos", "another uid"),
            false,
        ),
        (
            "its event rule",
            names::event_rule("default", &"p".repeat(253), UID, &"content"),
            true,
        ),
        (
            "another source's event rule",
            names::event_rule("default", "photos", "another uid", &"content"),
            false,
        ),
        ("a user's", "photos".to_owned(), false),
        (
            "a user's that ends alike",
            names::queue("default", "photos", UID).replace("mnsoss", "mine"),
            false,
        ),
    ];
    for (name, queue, expected) in table {
        assert_eq!(names::is_made_for(&queue, UID), expected, "{name}: {queue}");
    }
}

proptest! {
    #[test]
    fn names_keep_every_limit(namespace in "[a-z]([-a-z0-9]{0,61}[a-z0-9])?", name in "[a-z]([-.a-z0-9]{0,251}[a-z0-9])?") {
        let queue = names::queue(&namespace, &name, UID);
        prop_assert!(queue.len() <= 120, "{queue}");
        prop_assert!(queue.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{queue}");
        prop_assert!(names::is_made_for(&queue, UID));
        prop_assert_ne!(&queue, &names::queue(&namespace, &name, "another uid"));

        let rule = names::event_rule(&namespace, &name, UID, &1);
        prop_assert!(rule.len() <= 85, "{rule}");
        prop_assert!(names::is_made_for(&rule, UID));
        prop_assert_ne!(&rule, &names::event_rule(&namespace, &name, UID, &2));

        for label in [names::label_value(&name), names::adapter(&name, UID)] {
            prop_assert!(label.len() <= 63, "{label}");
            prop_assert!(label.ends_with(|last: char| last.is_ascii_alphanumeric()), "{label}");
        }
    }
}
