use super::*;

fn listed(number: i64) -> Listed {
    Listed {
        key: format!("target/rec-{number}.jpg"),
        etag: format!("E{number}"),
        size_bytes: 1,
        modified_ms: number,
    }
}

fn gallery(results: i64) -> Gallery {
    let gallery = Gallery::default();
    gallery.replace((0..results).map(listed).collect(), true);
    gallery
}

fn keys(page: &Page) -> Vec<&str> {
    let names = page.items.iter();
    names
        .map(|item| item.key.trim_start_matches("target/rec-"))
        .collect()
}

#[test]
fn the_newest_come_first_page_by_page_also_while_more_come() {
    let gallery = gallery(25_000);
    let search = Search::default();
    let first = gallery.page(&search, None, 2);
    assert_eq!(keys(&first), ["24999.jpg", "24998.jpg"]);
    assert_eq!((first.found, first.total), (25_000, 25_000));
    gallery.add(listed(30_000), Some(1));
    let second = gallery.page(&search, first.next.as_deref(), 2);
    assert_eq!(keys(&second), ["24997.jpg", "24996.jpg"]);
    let last = gallery.page(&search, Some("1:target/rec-1.jpg"), 2);
    assert_eq!((keys(&last), &last.next), (vec!["0.jpg"], &None));
    let nonsense = gallery.page(&search, Some("nonsense"), 1);
    assert_eq!(keys(&nonsense), ["30000.jpg"]);
}

#[test]
fn results_are_found_by_key_and_by_faces() {
    let gallery = gallery(20);
    gallery.seen("target/rec-3.jpg", Some(0));
    gallery.seen("target/rec-4.jpg", Some(2));
    gallery.seen("target/rec-14.jpg", Some(5));
    gallery.seen("target/rec-5.jpg", None);
    for (text, least, most, expected) in [
        ("rec-1", Some(2), None, &["14.jpg"][..]),
        ("", Some(2), None, &["14.jpg", "4.jpg"]),
        ("", Some(2), Some(2), &["4.jpg"]),
        ("", None, Some(0), &["3.jpg"]),
        ("4.jpg", None, None, &["14.jpg", "4.jpg"]),
        ("nothing", None, None, &[]),
    ] {
        let search = Search {
            text: text.to_owned(),
            least_faces: least,
            most_faces: most,
        };
        let page = gallery.page(&search, None, 10);
        assert_eq!(keys(&page), expected, "{search:?}");
        assert_eq!(page.found, expected.len(), "{search:?}");
        assert_eq!(page.uncounted, 16, "{search:?}");
    }
}

#[test]
fn a_new_list_keeps_what_was_counted_of_the_same_version() {
    let gallery = gallery(3);
    for number in 0..3 {
        gallery.seen(&listed(number).key, Some(1));
    }
    let changed = Listed {
        etag: "other".to_owned(),
        modified_ms: 9,
        ..listed(1)
    };
    gallery.replace(vec![listed(0), changed, listed(7)], true);
    assert_eq!(gallery.unseen(9), ["target/rec-1.jpg", "target/rec-7.jpg"]);
    let page = gallery.page(&Search::default(), None, 9);
    assert_eq!(keys(&page), ["1.jpg", "7.jpg", "0.jpg"]);
    gallery.add(listed(1), Some(4));
    assert_eq!(gallery.unseen(9), ["target/rec-7.jpg"]);
    assert_eq!(gallery.page(&Search::default(), None, 9).total, 3);
}
