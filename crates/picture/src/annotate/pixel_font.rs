//! Letters seven pixels high, drawn by hand, for pictures where an outline font would blur.
//! Holds exactly the characters that labels and the banner are made of.

/// Rows of every character.
pub(crate) const HEIGHT: i32 = 7;

const GLYPHS: [(char, [&str; 7]); 26] = [
    (' ', ["..", "..", "..", "..", "..", "..", ".."]),
    (
        '0',
        [".##.", "#..#", "#..#", "#..#", "#..#", "#..#", ".##."],
    ),
    ('1', [".#.", "##.", ".#.", ".#.", ".#.", ".#.", "###"]),
    (
        '2',
        [".##.", "#..#", "...#", "..#.", ".#..", "#...", "####"],
    ),
    (
        '3',
        [".##.", "#..#", "...#", ".##.", "...#", "#..#", ".##."],
    ),
    (
        '4',
        ["#..#", "#..#", "#..#", "####", "...#", "...#", "...#"],
    ),
    (
        '5',
        ["####", "#...", "###.", "...#", "...#", "#..#", ".##."],
    ),
    (
        '6',
        [".##.", "#...", "#...", "###.", "#..#", "#..#", ".##."],
    ),
    (
        '7',
        ["####", "...#", "..#.", "..#.", ".#..", ".#..", ".#.."],
    ),
    (
        '8',
        [".##.", "#..#", "#..#", ".##.", "#..#", "#..#", ".##."],
    ),
    (
        '9',
        [".##.", "#..#", "#..#", ".###", "...#", "...#", ".##."],
    ),
    (':', [".", ".", "#", ".", ".", "#", "."]),
    ('=', ["...", "...", "###", "...", "###", "...", "..."]),
    (
        'F',
        ["####", "#...", "#...", "###.", "#...", "#...", "#..."],
    ),
    (
        'M',
        [
            "#...#", "##.##", "#.#.#", "#.#.#", "#...#", "#...#", "#...#",
        ],
    ),
    (
        'U',
        ["#..#", "#..#", "#..#", "#..#", "#..#", "#..#", ".##."],
    ),
    ('a', ["...", "...", "##.", "..#", ".##", "#.#", ".##"]),
    ('c', ["...", "...", ".##", "#..", "#..", "#..", ".##"]),
    ('e', ["...", "...", ".#.", "#.#", "###", "#..", ".##"]),
    ('k', ["#..", "#..", "#.#", "#.#", "##.", "#.#", "#.#"]),
    ('l', ["#", "#", "#", "#", "#", "#", "#"]),
    (
        'm',
        [
            ".....", ".....", "####.", "#.#.#", "#.#.#", "#.#.#", "#.#.#",
        ],
    ),
    ('n', ["...", "...", "##.", "#.#", "#.#", "#.#", "#.#"]),
    ('o', ["...", "...", ".#.", "#.#", "#.#", "#.#", ".#."]),
    (
        'w',
        [
            ".....", ".....", "#...#", "#.#.#", "#.#.#", "#.#.#", ".#.#.",
        ],
    ),
    (
        '?',
        [".##.", "#..#", "...#", "..#.", ".#..", "....", ".#.."],
    ),
];

fn rows(character: char) -> &'static [&'static str; 7] {
    let glyph = GLYPHS.iter().find(|(known, _)| *known == character);
    &glyph.unwrap_or(&GLYPHS[GLYPHS.len() - 1]).1
}

/// Columns that `text` takes, one of them empty between characters.
pub(crate) fn width(text: &str) -> i32 {
    let columns: usize = text
        .chars()
        .map(|character| rows(character)[0].len() + 1)
        .sum();
    i32::try_from(columns).unwrap_or(i32::MAX).max(1) - 1
}

/// Calls `dot` with every set pixel of `text`, counted from its top left corner.
pub(crate) fn dots(text: &str, mut dot: impl FnMut(i32, i32)) {
    let mut left = 0;
    for character in text.chars() {
        let rows = rows(character);
        for (y, row) in (0..).zip(rows) {
            for (x, _) in (0..).zip(row.bytes()).filter(|(_, byte)| *byte == b'#') {
                dot(left + x, y);
            }
        }
        left += i32::try_from(rows[0].len()).unwrap_or(0) + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_a_character_is_as_wide_as_its_first() {
        for (character, rows) in GLYPHS {
            for row in rows {
                assert_eq!(row.len(), rows[0].len(), "`{character}`");
            }
        }
    }

    #[test]
    fn the_texts_that_are_drawn_have_glyphs() {
        for character in "Male:Female=0123456789 Unknown Face".chars() {
            assert!(
                GLYPHS.iter().any(|(known, _)| *known == character),
                "`{character}`"
            );
        }
    }

    #[test]
    fn the_banner_of_one_person_fits_a_thumbnail() {
        assert_eq!(width("Male:Female=1:0"), 57);
    }

    #[test]
    fn dots_draw_the_letters() {
        let text = "F1";
        let mut drawn = vec![vec!['.'; usize::try_from(width(text)).unwrap()]; 7];
        dots(text, |x, y| {
            drawn[usize::try_from(y).unwrap()][usize::try_from(x).unwrap()] = '#';
        });
        let drawn: Vec<String> = drawn
            .into_iter()
            .map(|row| row.into_iter().collect())
            .collect();
        insta::assert_snapshot!(drawn.join("\n"), @r"
        ####..#.
        #....##.
        #.....#.
        ###...#.
        #.....#.
        #.....#.
        #....###
        ");
    }
}
