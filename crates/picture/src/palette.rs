//! Palettes: the colours that pixels are indices of.

/// As many colours as a byte can tell apart.
pub(crate) const MAX_COLOURS: usize = 256;

/// Red, green, blue and how opaque it is.
pub(crate) type Rgba = [u8; 4];

/// The colours of a picture by their indices.
#[derive(Debug, Clone)]
pub(crate) struct Palette {
    pub(crate) colours: Vec<Rgba>,
    pub(crate) alpha: Alpha,
    /// Whether pixels may become colours: the format allows it, and there is memory for them.
    pub(crate) may_expand: bool,
}

/// How transparent a colour can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alpha {
    /// In 256 steps.
    Graded,
    /// Wholly or not at all.
    AllOrNothing,
}

impl Palette {
    /// The first 256 of `colours`.
    pub(crate) fn new(mut colours: Vec<Rgba>, alpha: Alpha, may_expand: bool) -> Self {
        colours.truncate(MAX_COLOURS);
        Self {
            colours,
            alpha,
            may_expand,
        }
    }

    /// The colour with this index. An index without one is black to most viewers.
    pub(crate) fn colour(&self, number: u8) -> Rgba {
        let black = [0, 0, 0, 255];
        let known = self.colours.get(usize::from(number));
        known.copied().unwrap_or(black)
    }

    /// The index of the colour that is most like `shade`, and by how much a channel differs.
    pub(crate) fn nearest(&self, shade: Rgba) -> (u8, u8) {
        let distances = self.colours.iter().map(|colour| distance(*colour, shade));
        let nearest = (0..=u8::MAX)
            .zip(distances)
            .min_by_key(|(_, distance)| *distance);
        nearest.map_or((0, u8::MAX), |(number, (_, worst))| (number, worst))
    }
}

impl Alpha {
    /// The nearest shade that can be: none if it is more transparent than opaque and cannot be
    /// both.
    pub(crate) fn possible(self, shade: Rgba) -> Option<Rgba> {
        let [r, g, b, a] = shade;
        match self {
            Self::Graded => Some(shade),
            Self::AllOrNothing => (a > 127).then_some([r, g, b, 255]),
        }
    }
}

/// The sum of the squares, and the worst, of the differences.
fn distance(one: Rgba, other: Rgba) -> (u32, u8) {
    let differences: [u8; 4] = std::array::from_fn(|channel| one[channel].abs_diff(other[channel]));
    let squares = differences.iter().map(|&by| u32::from(by).pow(2)).sum();
    let worst = differences.into_iter().max().unwrap_or(0);
    (squares, worst)
}
