use proptest::prelude::*;

use super::*;

fn keys(keys: &[&str]) -> BTreeMap<String, u8> {
    keys.iter().map(|key| ((*key).to_owned(), 0)).collect()
}

fn asked<'a>(prefix: &'a str, delimiter: &'a str, after: &'a str, limit: usize) -> ListQuery<'a> {
    ListQuery {
        prefix,
        delimiter,
        after,
        limit,
    }
}

fn shown(page: &Page<'_, &u8>) -> String {
    let entries: Vec<&str> = page.entries.iter().map(|(key, _)| *key).collect();
    format!(
        "{} | {} | {}",
        entries.join(" "),
        page.prefixes.join(" "),
        page.next().unwrap_or("-")
    )
}

#[test]
fn pages_hold_what_was_asked() {
    let map = keys(&["a", "b/", "b/1", "b/2", "c", "c/d/e", "d"]);
    let cases = [
        (
            "everything",
            asked("", "", "", 10),
            "a b/ b/1 b/2 c c/d/e d |  | -",
        ),
        ("by folders", asked("", "/", "", 10), "a c d | b/ c/ | -"),
        ("in a folder", asked("b/", "/", "", 10), "b/ b/1 b/2 |  | -"),
        (
            "behind a key",
            asked("", "", "b/1", 10),
            "b/2 c c/d/e d |  | -",
        ),
        (
            "behind a common prefix",
            asked("", "/", "b/", 10),
            "c d | c/ | -",
        ),
        ("first page", asked("", "/", "", 2), "a | b/ | b/"),
        ("second page", asked("", "/", "b/", 2), "c | c/ | c/"),
        ("last page", asked("", "/", "c/", 2), "d |  | -"),
        ("exactly full", asked("", "/", "", 5), "a c d | b/ c/ | -"),
        ("nothing fits", asked("x", "", "", 10), " |  | -"),
        (
            "a longer delimiter",
            asked("", "/d", "", 10),
            "a b/ b/1 b/2 c d | c/d | -",
        ),
    ];
    for (name, asked, expected) in cases {
        assert_eq!(shown(&page_of(&map, &asked)), expected, "{name}");
    }
}

proptest! {
    #[test]
    fn pages_put_together_are_the_whole(
        names in prop::collection::btree_set("[ab/]{1,6}", 0..30),
        prefix in "[ab/]{0,2}",
        delimiter in "/?",
        limit in 1_usize..5,
    ) {
        let map: BTreeMap<String, u8> = names.into_iter().map(|name| (name, 0)).collect();
        let whole = page_of(&map, &asked(&prefix, &delimiter, "", usize::MAX));
        let (mut entries, mut prefixes, mut after) = (Vec::new(), Vec::new(), String::new());
        loop {
            let part = page_of(&map, &asked(&prefix, &delimiter, &after, limit));
            prop_assert!(part.entries.len() + part.prefixes.len() <= limit);
            let next = part.next();
            entries.extend(part.entries);
            prefixes.extend(part.prefixes);
            match next {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        prop_assert_eq!(entries, whole.entries);
        prop_assert_eq!(prefixes, whole.prefixes);
    }

    #[test]
    fn tokens_read_back(key in any::<String>()) {
        prop_assert_eq!(read_token(&write_token(&key)).unwrap(), key);
    }
}
